//! What cannot have changed since the last iteration (Hamerly, Making k-means even faster, 2010).
//!
//! For every point a *margin* m is kept, a lower bound of how much nearer its own center is than any other: with δ(x, c) = |x - c|,
//! exact, in units that make it fit single precision,
//!
//! ```text
//!     s δ(x, c_j) - (1 + α) s δ(x, c_label) - w  >=  m    for all j other than the label
//! ```
//!
//! While m > 0 the label is that of the definition. Margins come out of a pass that screens in floating point (L6) or words (L7);
//! bytes are too coarse to leave any. When centers move, a margin is less by at most the label's *loss*, what its center has moved
//! and the farthest move of any other (L8): a lone mover does not cost its own points twice.
//!
//! One margin a point, and neither one for each group of centers (docs/decisions.md#bounds-to-groups-of-centers), which spares more
//! pairs and takes longer, nor Hamerly's other test (docs/decisions.md#half-the-distance-to-the-nearest-center), which spares few.

use super::margin::{up, Units, ALPHA};
use crate::call::{Algorithm, Shape};
use crate::exact::distance::squared;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// What is known of all points, and what it loses when centers move.
pub(crate) struct Bounds<'w> {
    margins: &'w mut [f32],
    losses: &'w mut [f32],
    units: Units,
    state: State,
    /// What the pass that is under way leaves.
    coming: State,
    costs: Costs,
    /// Whether bounds are kept even where they do not pay.
    always: bool,
    /// Points that moved before this pass, and how many lose their margins where one moves.
    moved: usize,
    factor: usize,
}

/// Where a point moves, some ten others lose their margins, unless passes have told otherwise.
const FACTOR: usize = 10;

/// One stretch of so many shows whether margins pay.
const SAMPLED: usize = 8;

/// What was true for the centers of the last pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is known.
    Unknown,
    /// Margins of some stretches, which were found to see whether those of all would pay.
    Sampled,
    /// Margins, which were found just now.
    Found,
    /// Margins, which were used.
    Used,
}

/// What a pass need not do, and what it is to find for the next one.
#[derive(Default)]
pub(crate) enum Shortcut<'a> {
    /// Looks at all points.
    #[default]
    Not,
    /// Looks at all points, and finds margins in one stretch of [`SAMPLED`], the next of which is so far off.
    Sample(&'a mut [f32], usize),
    /// Looks at all points, and finds their margins.
    Find(&'a mut [f32]),
    /// Lowers margins by losses, and looks at the points that have none left.
    Margins(&'a mut [f32], &'a [f32]),
}

impl<'a> Shortcut<'a> {
    /// That for the first points, and that for the rest.
    pub(super) fn split(self, points: usize) -> (Self, Self) {
        match self {
            Shortcut::Not => (Shortcut::Not, Shortcut::Not),
            Shortcut::Sample(margins, off) => {
                let (these, rest) = margins.split_at_mut(points);
                match off.checked_sub(1) {
                    Some(off) => (Shortcut::Not, Shortcut::Sample(rest, off)),
                    None => (Shortcut::Find(these), Shortcut::Sample(rest, SAMPLED - 1)),
                }
            }
            Shortcut::Find(margins) => {
                let (these, rest) = margins.split_at_mut(points);
                (Shortcut::Find(these), Shortcut::Find(rest))
            }
            Shortcut::Margins(margins, losses) => {
                let (these, rest) = margins.split_at_mut(points);
                let these = Shortcut::Margins(these, losses);
                (these, Shortcut::Margins(rest, losses))
            }
        }
    }

    /// Where margins go.
    pub(super) fn margins(&mut self) -> Option<&mut [f32]> {
        match self {
            Shortcut::Sample(margins, _)
            | Shortcut::Find(margins)
            | Shortcut::Margins(margins, _) => Some(margins),
            Shortcut::Not => None,
        }
    }
}

impl<'w> Bounds<'w> {
    /// Room for margins, if the algorithm has any.
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, algorithm: Algorithm) -> Self {
        let room = |length: usize| match algorithm {
            Algorithm::Lloyd => 0,
            Algorithm::Auto | Algorithm::Hamerly => length,
        };
        Bounds {
            margins: from.take(room(shape.n)),
            losses: from.take(room(shape.k)),
            units: Units {
                scale: 1.0,
                slack: 0.0,
            },
            state: State::Unknown,
            coming: State::Unknown,
            costs: Costs::new(shape.d, shape.k),
            always: algorithm == Algorithm::Hamerly,
            moved: 0,
            factor: FACTOR,
        }
    }

    /// Forgets what was known.
    pub(crate) fn forget(&mut self) {
        (self.state, self.coming) = (State::Unknown, State::Unknown);
        (self.moved, self.factor) = (0, FACTOR);
        // Margins that would spare every point, and losses that would give back what was lost.
        spoil(self.margins, f32::INFINITY);
        spoil(self.losses, f32::NEG_INFINITY);
    }

    /// For the next pass, after one in which so many of the points `moved` and which left these labels, stretches being of so many
    /// points. Where it is `dear` to find margins, some stretches have to show first that it will pay.
    pub(crate) fn shortcut(
        &mut self,
        moved: usize,
        (labels, stretch): (&[i32], usize),
        dear: bool,
    ) -> Shortcut<'_> {
        self.moved = moved;
        if self.state == State::Sampled {
            self.learn(self.foretold(labels, stretch));
        }
        let likely = moved.saturating_mul(self.factor);
        let unlikely = !self.costs.pay(likely, self.margins.len());
        // Until the pass is done, nothing is true of all points (L14).
        let known = core::mem::replace(&mut self.state, State::Unknown);
        self.coming = State::Unknown;
        if self.margins.is_empty() || unlikely && !self.always {
            return Shortcut::Not;
        }
        match known {
            State::Unknown if dear && !self.always => {
                self.coming = State::Sampled;
                Shortcut::Sample(self.margins, 0)
            }
            State::Unknown | State::Sampled => {
                self.coming = State::Found;
                Shortcut::Find(self.margins)
            }
            State::Found | State::Used => {
                self.coming = State::Used;
                Shortcut::Margins(self.margins, self.losses)
            }
        }
    }

    /// How many points would be looked at if the margins of all stretches were known as those of some are.
    fn foretold(&self, labels: &[i32], stretch: usize) -> usize {
        let stretches = self.margins.chunks(stretch).zip(labels.chunks(stretch));
        let (mut spent, mut sampled) = (0, 0);
        for (margins, labels) in stretches.step_by(SAMPLED) {
            let points = margins.iter().zip(labels);
            let kept = points.filter(|(&margin, &label)| margin > self.losses[label as usize]);
            spent += margins.len() - kept.count();
            sampled += margins.len();
        }
        (spent as u128 * self.margins.len() as u128 / sampled.max(1) as u128) as usize
    }

    /// Learns that the pass is done, and how many points it looked at.
    pub(crate) fn looked(&mut self, points: usize) {
        self.state = core::mem::replace(&mut self.coming, State::Unknown);
        if self.state == State::Used && !self.always {
            self.learn(points);
        }
    }

    /// Learns how many points margins leave to look at. Where they spare too few to pay, passes go without until so few points
    /// move that by this experience they would.
    fn learn(&mut self, points: usize) {
        self.factor = points.div_ceil(self.moved.max(1)).max(1);
        if !self.costs.pay(points, self.margins.len()) {
            // After a failure the next attempt has to be surer.
            self.factor = self.factor.saturating_mul(2);
            self.state = State::Unknown;
        }
    }

    /// Learns what bounds are measured in.
    pub(crate) fn set_units(&mut self, units: Units) {
        self.units = units;
    }

    /// Learns where the centers have moved to.
    pub(crate) fn drift(&mut self, new: &[f64], old: &[f64], d: usize) {
        if self.state == State::Unknown {
            return;
        }
        lose_moves(self.losses, new, old, d, self.units);
    }
}

/// What the labels lose when centers of d dimensions have moved (L8).
pub(super) fn lose_moves(losses: &mut [f32], new: &[f64], old: &[f64], d: usize, units: Units) {
    // More than α and what D rounds by.
    const MORE: f64 = 1.0 + 4.0 * ALPHA;
    let centers = new.chunks_exact(d).zip(old.chunks_exact(d));
    for (far, (new, old)) in losses.iter_mut().zip(centers) {
        *far = match new == old {
            true => 0.0,
            false => up(units.scale * squared(new, old).sqrt() * MORE + units.slack),
        };
    }
    lose(losses);
}

/// What a look at a point costs, in cycles of a core with 512-bit vectors, roughly (docs/decisions.md#what-a-look-costs). Narrower vectors
/// make looks more expensive, and margins pay sooner.
#[derive(Clone, Copy)]
pub(crate) struct Costs {
    look: usize,
    /// What it costs more to pick a point and find its margin.
    pick: usize,
}

/// What it costs more to find a margin.
const FIND: usize = 4;

impl Costs {
    pub(crate) fn new(d: usize, k: usize) -> Self {
        // Packing, and the products and comparisons with each center.
        let look = d + 4 + k.saturating_mul(d.saturating_add(4)) / 32;
        // Rows from here and there come from memory one by one; longer ones as a stream.
        let pick = 16 + 2 * d.min(16);
        Costs { look, pick }
    }

    /// Whether margins pay that leave so many of n points to look at.
    fn pay(self, points: usize, n: usize) -> bool {
        // A sweep over margins and labels goes at the speed of memory.
        let with = (points as u128) * (self.look + self.pick) as u128 + 3 * n as u128;
        with <= n as u128 * (self.look - self.look / 10) as u128
    }

    /// Whether so many points are better picked than the `count` of them looked at that they are among.
    pub(crate) fn pick(self, points: usize, count: usize) -> bool {
        points as u128 * (self.look + self.pick) as u128
            <= count as u128 * (self.look + FIND) as u128
    }
}

/// What the labels lose, in place of how far their centers have moved: that, and the farthest move of any other.
fn lose(moves: &mut [f32]) {
    let (mut farthest, mut second, mut mover) = (0.0, 0.0, 0);
    for (j, &far) in moves.iter().enumerate() {
        if far > farthest {
            (farthest, second, mover) = (far, farthest, j);
        } else if far > second {
            second = far;
        }
    }
    for (j, loss) in moves.iter_mut().enumerate() {
        let others = if j == mover { second } else { farthest };
        *loss = up(f64::from(*loss) + f64::from(others));
    }
}

/// Points whose margins are spent together.
const TOGETHER: usize = 16;

/// Lowers margins by the losses of the points' labels; writes the indices of those that are not positive any more to
/// `spent`, and returns how many.
pub(super) fn spend(
    level: Level,
    margins: &mut [f32],
    labels: &[i32],
    losses: &[f32],
    spent: &mut [u32],
) -> usize {
    let room = margins.len().next_multiple_of(TOGETHER);
    assert!(labels.len() == margins.len() && spent.len() >= room);
    let most = labels.iter().fold(0, |most, &j| most.max(j as u32));
    assert!((most as usize) < losses.len() || labels.is_empty());
    level.run(Spend {
        margins,
        labels,
        losses,
        spent,
    })
}

/// There are as many labels as margins, a loss for each label, and room for as many indices, rounded up to [`TOGETHER`].
struct Spend<'a> {
    margins: &'a mut [f32],
    labels: &'a [i32],
    losses: &'a [f32],
    spent: &'a mut [u32],
}

impl Kernel for Spend<'_> {
    type Out = usize;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> usize {
        let Spend {
            margins,
            labels,
            losses,
            spent,
        } = self;
        let count = margins.len();
        let mut found = 0;
        // SAFETY: the caller is compiled for the lanes; `spend` has seen to lengths and labels. Sixteen at a time as far as there
        // are, and the rest in arrays of sixteen; as many indices are written at a time, from a place that is not beyond the
        // point.
        unsafe {
            let mut p = 0;
            while p < count {
                let here = TOGETHER.min(count - p);
                let bits = if here == TOGETHER {
                    let margins = margins.as_mut_ptr().add(p);
                    I::Lanes::decay(margins, labels.as_ptr().add(p), losses.as_ptr())
                } else {
                    let (mut rest, mut theirs) = ([0.0; TOGETHER], [0; TOGETHER]);
                    rest[..here].copy_from_slice(&margins[p..]);
                    theirs[..here].copy_from_slice(&labels[p..]);
                    let bits = I::Lanes::decay(rest.as_mut_ptr(), theirs.as_ptr(), losses.as_ptr());
                    margins[p..].copy_from_slice(&rest[..here]);
                    bits & ((1 << here) - 1)
                };
                found += I::Lanes::list(spent.as_mut_ptr().add(found), p as u32, bits);
                p += TOGETHER;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Costs, Shortcut, State, Units, FACTOR};

    const STRETCH: usize = 100;

    /// What the next pass does in each of ten stretches, after one that moved few points, where margins are dear to find; those
    /// that it finds are `margin`, and every label loses 1.
    fn pass(bounds: &mut Bounds<'_>, margin: f32) -> String {
        let labels = [7; 10 * STRETCH];
        let mut rest = bounds.shortcut(10, (&labels, STRETCH), true);
        let ways = (0..10).map(|_| {
            let (these, others) = core::mem::take(&mut rest).split(STRETCH);
            rest = others;
            match these {
                Shortcut::Not => '-',
                Shortcut::Find(margins) => {
                    margins.fill(margin);
                    'f'
                }
                Shortcut::Margins(..) => 'm',
                Shortcut::Sample(..) => unreachable!("a stretch is asked or not"),
            }
        });
        let ways = ways.collect();
        bounds.looked(10);
        ways
    }

    #[test]
    fn some_stretches_are_asked_first() {
        let (mut margins, mut losses) = ([0.0; 10 * STRETCH], [1.0; 300]);
        let mut bounds = Bounds {
            margins: &mut margins,
            losses: &mut losses,
            units: Units {
                scale: 1.0,
                slack: 0.0,
            },
            state: State::Unknown,
            coming: State::Unknown,
            costs: Costs::new(64, 300),
            always: false,
            moved: 0,
            factor: FACTOR,
        };
        // Margins that the centers' moves use up: no more of them, until fewer points move.
        assert_eq!(pass(&mut bounds, 0.5), "f-------f-");
        assert_eq!(pass(&mut bounds, 0.5), "----------");
        assert_eq!(pass(&mut bounds, 0.5), "----------");
        // Margins that outlast them: those of all, and then they are used.
        bounds.forget();
        assert_eq!(pass(&mut bounds, 2.0), "f-------f-");
        assert_eq!(pass(&mut bounds, 2.0), "ffffffffff");
        assert_eq!(pass(&mut bounds, 2.0), "mmmmmmmmmm");
    }
}
