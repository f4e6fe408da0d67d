//! The margins of all points, kept from pass to pass, what they lose when centers move, and for which points they are valid.
//!
//! Margins are private to this file. A pass reads and writes them through [`PassMargins`], which it splits into one
//! [`StretchMargins`] for each stretch, and these count the rows that they write. A stretch in which every row was written adds its
//! length to the rows of the pass, and the margins are valid when these are all the rows that the pass was to write (L14). No other
//! code can make them valid.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::assign::margin::{up, Units, ALPHA};
use crate::exact::distance::squared;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::{InstructionSet, Kernel, Lanes, Level, FEW_LOSSES};

/// Where margins are only sampled, they are computed in one of this many stretches.
const SAMPLED: usize = 8;

/// The points for which margins are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Valid {
    Nowhere,
    /// In the stretches 0, 8, 16, ... ([`SAMPLED`]).
    Sampled,
    /// For all points, from the tests of the last pass.
    Computed,
    /// For all points: the last pass lowered those of the pass before it, and tested only some points.
    Decayed,
}

/// What a pass has written so far.
#[derive(Default)]
struct Written {
    /// Rows of the stretches in which every row was written.
    rows: AtomicUsize,
    /// Rows that were stored after a test.
    stored: AtomicUsize,
}

/// A margin for each point and a loss for each label.
pub(super) struct KeptMargins<'w> {
    margins: &'w mut [f32],
    losses: &'w mut [f32],
    units: Units,
    /// Whether the losses are those of the last move of the centers.
    losses_valid: bool,
    /// For which points margins are valid once `due` rows are written, and what is written so far.
    valid_when_complete: Valid,
    due: usize,
    written: Written,
}

impl<'w> KeptMargins<'w> {
    /// For n points and k centers.
    pub(super) fn cut(from: &mut impl Cut<'w>, n: usize, k: usize) -> Self {
        KeptMargins::new(from.take(n), from.take(k))
    }

    /// In memory that holds no margins yet.
    fn new(margins: &'w mut [f32], losses: &'w mut [f32]) -> Self {
        KeptMargins {
            margins,
            losses,
            units: Units {
                scale: 1.0,
                slack: 0.0,
            },
            losses_valid: false,
            valid_when_complete: Valid::Nowhere,
            due: 0,
            written: Written::default(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.margins.len()
    }

    pub(super) fn set_units(&mut self, units: Units) {
        self.units = units;
        self.invalidate();
    }

    /// No margin is valid any more.
    pub(super) fn forget(&mut self) {
        self.invalidate();
        // Margins that would spare every point, and losses that would give back what was lost.
        spoil(self.margins, f32::INFINITY);
        spoil(self.losses, f32::NEG_INFINITY);
    }

    /// The same, without overwriting the margins: they are not worthwhile in the next pass.
    pub(super) fn invalidate(&mut self) {
        self.valid_when_complete = Valid::Nowhere;
        self.losses_valid = false;
    }

    /// Where the margins of the last pass are valid for the centers of that pass.
    fn valid_before_the_move(&mut self) -> Valid {
        match *self.written.rows.get_mut() == self.due {
            true => self.valid_when_complete,
            false => Valid::Nowhere,
        }
    }

    /// Where the margins of the last pass, less the losses of the labels, are valid for the centers of the next.
    pub(super) fn valid(&mut self) -> Valid {
        match self.losses_valid {
            true => self.valid_before_the_move(),
            false => Valid::Nowhere,
        }
    }

    /// How many points the last pass tested while it wrote margins.
    pub(super) fn tested(&mut self) -> usize {
        *self.written.stored.get_mut()
    }

    /// Computes what margins lose, label by label, when centers of d dimensions have moved from `old` to `new` since the last pass, and has `record`
    /// see how far each has moved. Where a loss is not a finite number, no margin is valid any more.
    pub(super) fn set_losses(
        &mut self,
        new: &[f64],
        old: &[f64],
        d: usize,
        record: impl FnOnce(&[f32]),
    ) {
        if self.valid_before_the_move() != Valid::Nowhere {
            assert!(new.len() == self.losses.len() * d && old.len() == new.len());
            self.losses_valid = losses_of_moves(self.losses, new, old, d, self.units, record);
        }
    }

    /// How many points of the sampled stretches keep no positive margin after the losses, and how many points these stretches have.
    pub(super) fn without_margin(&mut self, labels: &[i32], stretch: usize) -> Sampled {
        assert!(self.valid() == Valid::Sampled);
        let stretches = self.margins.chunks(stretch).zip(labels.chunks(stretch));
        let mut sampled = Sampled::default();
        for (margins, labels) in stretches.step_by(SAMPLED) {
            let points = margins.iter().zip(labels);
            let kept = points.filter(|(&margin, &label)| margin > self.losses[label as usize]);
            sampled.without_margin += margins.len() - kept.count();
            sampled.points += margins.len();
        }
        sampled
    }

    /// For a pass that tests all points and computes the margins of all.
    pub(super) fn compute(&mut self) -> PassMargins<'_> {
        self.begin(Valid::Computed, self.margins.len(), None)
    }

    /// For a pass that tests all points and computes the margins of the sampled stretches, of so many points each.
    pub(super) fn sample(&mut self, stretch: usize) -> PassMargins<'_> {
        let sampled = self.margins.chunks(stretch).step_by(SAMPLED);
        let due = sampled.map(<[f32]>::len).sum();
        self.begin(Valid::Sampled, due, Some(0))
    }

    /// For a pass that lowers the margins of the last one by the losses, and tests the points that have none left. Margins that are not
    /// valid for all points are computed anew.
    pub(super) fn decay(&mut self) -> PassMargins<'_> {
        match self.valid() {
            Valid::Computed | Valid::Decayed => {
                self.begin(Valid::Decayed, self.margins.len(), None)
            }
            Valid::Nowhere | Valid::Sampled => self.compute(),
        }
    }

    /// Starts a pass: until it has written all of the rows that are due, no margin is valid.
    fn begin(
        &mut self,
        valid_when_complete: Valid,
        due: usize,
        until_sampled: Option<usize>,
    ) -> PassMargins<'_> {
        (self.valid_when_complete, self.due) = (valid_when_complete, due);
        self.written = Written::default();
        self.losses_valid = false;
        PassMargins {
            margins: self.margins,
            losses: (valid_when_complete == Valid::Decayed).then_some(&*self.losses),
            until_sampled,
            written: &self.written,
        }
    }
}

/// What the margins of the sampled stretches come to.
#[derive(Clone, Copy, Default)]
pub(super) struct Sampled {
    pub(super) without_margin: usize,
    pub(super) points: usize,
}

/// The margins of the points that a pass has not come to yet.
pub(crate) struct PassMargins<'a> {
    margins: &'a mut [f32],
    /// What labels lose, where margins of the last pass are used.
    losses: Option<&'a [f32]>,
    /// Where margins are only sampled: how many stretches come before the next one that is.
    until_sampled: Option<usize>,
    written: &'a Written,
}

impl<'a> PassMargins<'a> {
    /// Those of the next stretch, unless it is not sampled, and those of the rest.
    pub(in crate::assign) fn split(self, points: usize) -> (Option<StretchMargins<'a>>, Self) {
        let (margins, rest) = self.margins.split_at_mut(points);
        let sampled = matches!(self.until_sampled, None | Some(0));
        let stretch = sampled.then(|| StretchMargins {
            margins,
            losses: self.losses,
            decayed: 0,
            stored: 0,
            next: 0,
            written: self.written,
        });
        let until_sampled = self
            .until_sampled
            .map(|until| until.checked_sub(1).unwrap_or(SAMPLED - 1));
        let rest = PassMargins {
            margins: rest,
            until_sampled,
            ..self
        };
        (stretch, rest)
    }
}

/// The margins of one stretch in a pass. When it is dropped, it records whether every row was written in this pass: either decayed,
/// and still positive, or stored after a test.
pub(in crate::assign) struct StretchMargins<'a> {
    margins: &'a mut [f32],
    losses: Option<&'a [f32]>,
    /// Rows that are still positive after they were decayed.
    decayed: usize,
    /// Rows that were stored, and the first row that may be stored next.
    stored: usize,
    next: usize,
    written: &'a Written,
}

impl StretchMargins<'_> {
    /// Where margins of the last pass are used, lowers them by the losses of the points' labels, writes the indices of those that are
    /// not positive any more to `tested`, and returns how many these are. Every one of them is to be tested, and its new margin stored;
    /// or else all points of the stretch are.
    pub(in crate::assign) fn decay(
        &mut self,
        level: Level,
        labels: &[i32],
        tested: &mut [u32],
    ) -> Option<usize> {
        let losses = self.losses?;
        let count = decay(level, self.margins, labels, losses, tested);
        self.decayed = self.margins.len() - count;
        Some(count)
    }

    /// Stores the margins of a block that was tested, which follows those stored before, and begins at row `first`.
    pub(in crate::assign) fn store_block(&mut self, first: usize, margins: &[f32]) {
        assert!(first == self.stored && first == self.next);
        self.margins[first..][..margins.len()].copy_from_slice(margins);
        // Where blocks are stored, all of them are to be.
        self.decayed = 0;
        self.stored += margins.len();
        self.next = self.stored;
    }

    /// Stores the margins of some rows that were tested, in ascending order, all of which follow those stored before.
    pub(in crate::assign) fn store_listed(&mut self, rows: &[u32], margins: &[f32]) {
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else {
            return;
        };
        assert!(first as usize >= self.next && rows.len() == margins.len());
        for (&row, &margin) in rows.iter().zip(margins) {
            self.margins[row as usize] = margin;
        }
        self.stored += rows.len();
        self.next = last as usize + 1;
    }
}

impl Drop for StretchMargins<'_> {
    fn drop(&mut self) {
        self.written.stored.fetch_add(self.stored, Relaxed);
        if self.decayed + self.stored == self.margins.len() {
            self.written.rows.fetch_add(self.margins.len(), Relaxed);
        }
    }
}

/// What the labels lose when centers of d dimensions have moved (L8); returns whether all losses are finite. `record` sees how far each center has
/// moved, at most.
pub(in crate::assign) fn losses_of_moves(
    losses: &mut [f32],
    new: &[f64],
    old: &[f64],
    d: usize,
    units: Units,
    record: impl FnOnce(&[f32]),
) -> bool {
    // More than α and what D rounds by.
    const MORE: f64 = 1.0 + 4.0 * ALPHA;
    let centers = new.chunks_exact(d).zip(old.chunks_exact(d));
    for (moved, (new, old)) in losses.iter_mut().zip(centers) {
        *moved = match new == old {
            true => 0.0,
            false => up(units.scale * squared(new, old).sqrt() * MORE + units.slack),
        };
    }
    let finite = losses.iter().all(|moved| moved.is_finite());
    record(losses);
    add_farthest_other(losses);
    finite && losses.iter().all(|loss| loss.is_finite())
}

/// Adds to how far each center has moved the farthest move of any other.
fn add_farthest_other(moves: &mut [f32]) {
    let (mut farthest, mut second, mut mover) = (0.0, 0.0, 0);
    for (j, &moved) in moves.iter().enumerate() {
        if moved > farthest {
            (farthest, second, mover) = (moved, farthest, j);
        } else if moved > second {
            second = moved;
        }
    }
    for (j, loss) in moves.iter_mut().enumerate() {
        let others = if j == mover { second } else { farthest };
        *loss = up(f64::from(*loss) + f64::from(others));
    }
}

/// Points whose margins are decayed together.
const DECAYED_TOGETHER: usize = 16;

/// Lowers margins by the losses of the points' labels; writes the indices of those that are not positive any more to `tested`, and
/// returns how many.
fn decay(
    level: Level,
    margins: &mut [f32],
    labels: &[i32],
    losses: &[f32],
    tested: &mut [u32],
) -> usize {
    let room = margins.len().next_multiple_of(DECAYED_TOGETHER);
    assert!(labels.len() == margins.len() && tested.len() >= room);
    level.run(Decay {
        margins,
        labels,
        losses,
        tested,
    })
}

/// There are as many labels as margins, and room for as many indices, rounded up to [`DECAYED_TOGETHER`].
struct Decay<'a> {
    margins: &'a mut [f32],
    labels: &'a [i32],
    losses: &'a [f32],
    tested: &'a mut [u32],
}

impl Kernel for Decay<'_> {
    type Out = usize;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> usize {
        let Decay {
            margins,
            labels,
            losses,
            tested,
        } = self;
        let mut few = [f32::INFINITY; FEW_LOSSES];
        // SAFETY: the caller is compiled for the lanes; `decay` has checked the lengths; labels are tested to be indices of losses, except where vectors hold
        // these: there a label without a loss loses everything.
        unsafe {
            match few.get_mut(..losses.len()) {
                Some(room) if I::Lanes::HOLDS_FEW => {
                    room.copy_from_slice(losses);
                    decay_all::<I::Lanes, true>(margins, labels, &few, tested)
                }
                _ => {
                    // Here this is compiled for the level (docs/decisions.md#sweeping-over-margins).
                    let most = labels.iter().fold(0, |most, &j| most.max(j as u32));
                    assert!((most as usize) < losses.len() || labels.is_empty());
                    decay_all::<I::Lanes, false>(margins, labels, losses, tested)
                }
            }
        }
    }
}

/// Lowers all margins, and lists those that are used up.
///
/// # Safety
/// The caller is compiled for the lanes. There are as many labels as margins; labels are indices of losses, or if these are `FEW`, there are [`FEW_LOSSES`], the lanes
/// hold them, and labels are any; there is room for as many indices as margins, rounded up to [`DECAYED_TOGETHER`].
#[inline(always)]
unsafe fn decay_all<L: Lanes, const FEW: bool>(
    margins: &mut [f32],
    labels: &[i32],
    losses: &[f32],
    tested: &mut [u32],
) -> usize {
    let count = margins.len();
    let (mut listed, mut p) = (0, 0);
    while p < count {
        let here = DECAYED_TOGETHER.min(count - p);
        // SAFETY: the contract. Sixteen margins are read and written at a time while there are as many, and the rest in arrays of sixteen. As many
        // indices are written at a time, from a place that is not beyond the first of these points.
        unsafe {
            let bits = if here == DECAYED_TOGETHER {
                let (margins, labels) = (margins.as_mut_ptr().add(p), labels.as_ptr().add(p));
                lower::<L, FEW>(margins, labels, losses.as_ptr())
            } else {
                let (mut rest, mut theirs) = ([0.0; DECAYED_TOGETHER], [0; DECAYED_TOGETHER]);
                rest[..here].copy_from_slice(&margins[p..]);
                theirs[..here].copy_from_slice(&labels[p..]);
                let bits = lower::<L, FEW>(rest.as_mut_ptr(), theirs.as_ptr(), losses.as_ptr());
                margins[p..].copy_from_slice(&rest[..here]);
                bits & ((1 << here) - 1)
            };
            listed += L::list(tested.as_mut_ptr().add(listed), p as u32, bits);
        }
        p += DECAYED_TOGETHER;
    }
    listed
}

/// [`Lanes::decay`], or [`Lanes::decay_few`].
///
/// # Safety
/// That of these.
#[inline(always)]
unsafe fn lower<L: Lanes, const FEW: bool>(
    margins: *mut f32,
    labels: *const i32,
    losses: *const f32,
) -> u32 {
    // SAFETY: the contract.
    unsafe {
        match FEW {
            true => L::decay_few(margins, labels, losses),
            false => L::decay(margins, labels, losses),
        }
    }
}

#[cfg(test)]
mod tests;
