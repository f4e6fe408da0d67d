//! Which labels cannot have changed since the last iteration (Hamerly, Making k-means even faster, 2010).
//!
//! For every point a *margin* m is kept, a lower bound of how much nearer its own center is than any other: with δ(x, c) = |x - c|,
//! exact, in units that make it fit single precision,
//!
//! ```text
//!     s δ(x, c_j) - (1 + α) s δ(x, c_label) - w  >=  m    for all j other than the label
//! ```
//!
//! While m > 0 the label is that of the definition. Passes that test in floating point (L6) or in 16 bits (L7) find margins; 8 bits are
//! too coarse for them. When centers move, a margin falls by at most the label's *loss*: how far its own center has moved, plus the
//! farthest move of any other center (L8).
//!
//! There is one margin for each point. Where centers are many, a point whose margin is used up has bounds to [`groups`](super::groups) of centers,
//! too. Hamerly's other test spares few (docs/decisions.md#half-the-distance-to-the-nearest-center).

mod margins;

#[cfg(test)]
pub(super) use margins::losses_of_moves;
pub(crate) use margins::PassMargins;
pub(super) use margins::StretchMargins;

use super::groups::{GroupBounds, NextGroups};
use super::margin::Units;
use crate::call::{Algorithm, Shape};
use crate::runtime::workspace::Cut;
use crate::simd::Level;
use margins::{KeptMargins, Valid};

/// The margins of a fit, and when they are worthwhile.
pub(crate) struct HamerlyBounds<'w> {
    margins: KeptMargins<'w>,
    groups: GroupBounds<'w>,
    costs: MarginCosts,
    /// Whether margins are kept even where they are not worthwhile.
    always: bool,
    /// Points whose labels changed in the pass before the last one, and how many points lost their margins for each of them, if a pass has shown it.
    changed: usize,
    factor: Option<usize>,
}

/// For each label that changes, some ten points lose their margins, unless passes have shown otherwise.
const FACTOR: usize = 10;

/// The same for points that are tested by groups: what is tested of them comes to so many points that are compared with all centers. While many labels
/// change these are six or seven, and a pass by groups fails, which costs more where the CPU multiplies bytes and passes without bounds may be in these
/// (docs/decisions.md#bounds-to-groups-of-centers).
const FACTOR_OF_GROUPS: usize = 2;
const FACTOR_BESIDE_BYTES: usize = 12;

/// What a test by groups takes besides its pairs, as so many pairs in a comparison with all centers; and what each of its pairs takes, in quarters of one
/// of those (docs/decisions.md#bounds-to-groups-of-centers).
const PER_TEST: usize = 64;
const QUARTERS_OF_PAIR: usize = 5;

/// What a pass uses of earlier ones, and finds for later ones.
pub(crate) struct PassBounds<'a, 'w> {
    pub(crate) margins: PassMargins<'a>,
    /// Bounds to groups of centers, if the pass is to be made by groups.
    pub(crate) groups: Option<NextGroups<'a, 'w>>,
}

/// What the last pass left.
#[derive(Clone, Copy)]
pub(crate) struct LastPass<'a> {
    pub(crate) labels: &'a [i32],
    /// Labels that it changed, and pairs that it tested, also those that proved nothing.
    pub(crate) changed: usize,
    pub(crate) pairs: usize,
    /// Points in each of its stretches.
    pub(crate) stretch: usize,
}

impl<'w> HamerlyBounds<'w> {
    /// Room for margins, if the algorithm has any. A pass over sparse rows costs so little that they would save nothing
    /// (docs/decisions.md#sparse-rows).
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, algorithm: Algorithm) -> Self {
        let (n, k) = match algorithm {
            Algorithm::Lloyd => (0, 0),
            _ if shape.form.is_csr() => (0, 0),
            Algorithm::Auto | Algorithm::Hamerly => (shape.n, shape.k),
        };
        HamerlyBounds {
            margins: KeptMargins::cut(from, n, k),
            groups: GroupBounds::cut(from, shape, algorithm),
            costs: MarginCosts::new(shape.d, shape.k),
            always: algorithm == Algorithm::Hamerly,
            changed: 0,
            factor: None,
        }
    }

    /// Forgets the margins, and what passes have shown.
    pub(crate) fn forget(&mut self) {
        self.margins.forget();
        self.groups.forget();
        (self.changed, self.factor) = (0, None);
    }

    /// Sets what margins are measured in.
    pub(crate) fn set_units(&mut self, units: Units) {
        self.margins.set_units(units);
    }

    /// Records that the centers have moved from `old` to `new` since the last pass.
    pub(crate) fn record_move(&mut self, new: &[f64], old: &[f64], d: usize) {
        let groups = &mut self.groups;
        let record = |moves: &[f32]| groups.record_moves(moves);
        self.margins.set_losses(new, old, d, record);
    }

    /// The bounds that the next pass uses or finds, if it is to use or find any. Where it is `expensive` to find margins, some
    /// stretches have to show first that they are worthwhile, unless there are bounds to groups, which spare more.
    pub(crate) fn next_pass(
        &mut self,
        last: LastPass<'_>,
        level: Level,
        expensive: bool,
    ) -> Option<PassBounds<'_, 'w>> {
        let by_groups = self.groups.worthwhile(level);
        if self.margins.valid() == Valid::Decayed && !self.always {
            let tested = self.tested(last);
            self.record(tested);
        }
        self.changed = last.changed;
        if self.margins.valid() == Valid::Sampled {
            let tested = self.expected(last);
            self.record(tested);
        }
        let factor = match by_groups {
            true if level.vectors::<i32>().is_some() => FACTOR_BESIDE_BYTES,
            true => FACTOR_OF_GROUPS,
            false => FACTOR,
        };
        let likely = last.changed.saturating_mul(self.factor.unwrap_or(factor));
        let unlikely = !self.costs.worthwhile(likely, self.margins.len());
        if self.margins.len() == 0 || unlikely && !self.always {
            self.margins.invalidate();
            self.groups.pass_over();
            return None;
        }
        let valid = self.margins.valid();
        // Bounds to groups are valid where margins are, if the pass that left these was by groups. Where they are not, margins that spare most
        // points are not given up for them.
        let kept = matches!(valid, Valid::Computed | Valid::Decayed) && self.groups.used();
        let spares_most = valid == Valid::Decayed && self.margins.tested() < self.margins.len() / 8;
        let groups = match by_groups && (kept || !spares_most) {
            true => Some(self.groups.next_pass(!kept)),
            false => {
                self.groups.pass_over();
                None
            }
        };
        let margins = match valid {
            _ if groups.is_some() && !kept => self.margins.compute(),
            Valid::Nowhere if expensive && !self.always => self.margins.sample(last.stretch),
            Valid::Nowhere | Valid::Sampled => self.margins.compute(),
            Valid::Computed | Valid::Decayed => self.margins.decay(),
        };
        Some(PassBounds { margins, groups })
    }

    /// How many points the last pass tested; of a pass by groups, to as many as compare with all centers what its tests came to.
    fn tested(&mut self, last: LastPass<'_>) -> usize {
        let tested = self.margins.tested();
        match self.groups.used() {
            true => (last.pairs / 4 * QUARTERS_OF_PAIR + tested * PER_TEST).div_ceil(self.costs.k),
            false => tested,
        }
    }

    /// How many points would be tested if the margins of all stretches were like those of the sampled ones.
    fn expected(&mut self, last: LastPass<'_>) -> usize {
        let sampled = self.margins.without_margin(last.labels, last.stretch);
        let n = self.margins.len() as u128;
        (sampled.without_margin as u128 * n / sampled.points.max(1) as u128) as usize
    }

    /// Records how many points margins leave to be tested. Where these are too many for margins to be worthwhile, passes go without
    /// them until so few labels change that, by this experience, they would be.
    fn record(&mut self, tested: usize) {
        let mut factor = tested.div_ceil(self.changed.max(1)).max(1);
        if !self.costs.worthwhile(tested, self.margins.len()) {
            // After a failure the next attempt has to be surer.
            factor = factor.saturating_mul(2);
            self.margins.invalidate();
        }
        self.factor = Some(factor);
    }
}

/// What it costs to test a point, in cycles of a core with 512-bit vectors, roughly (docs/decisions.md#what-a-test-costs). Narrower
/// vectors make tests more expensive, and margins are worthwhile sooner.
#[derive(Clone, Copy)]
pub(super) struct MarginCosts {
    k: usize,
    test: usize,
    /// What it costs more to test a point that is picked from a list, and to find its margin.
    pick: usize,
}

/// What it costs more to find a margin.
const FIND: usize = 4;

impl MarginCosts {
    pub(super) fn new(d: usize, k: usize) -> Self {
        // Packing, and the products and comparisons with each center.
        let test = d + 4 + k.saturating_mul(d.saturating_add(4)) / 32;
        // Rows from here and there come from memory one by one; longer ones as a stream.
        let pick = 16 + 2 * d.min(16);
        MarginCosts { k, test, pick }
    }

    /// Whether margins are worthwhile that leave so many of n points to be tested.
    fn worthwhile(self, points: usize, n: usize) -> bool {
        // A sweep over margins and labels goes at the speed of memory.
        let with = (points as u128) * (self.test + self.pick) as u128 + 3 * n as u128;
        with <= n as u128 * (self.test - self.test / 10) as u128
    }

    /// Whether it takes less to test so many points, picked from a list, than all of the `count` points that they are among.
    pub(super) fn pick(self, points: usize, count: usize) -> bool {
        points as u128 * (self.test + self.pick) as u128
            <= count as u128 * (self.test + FIND) as u128
    }
}

#[cfg(test)]
mod tests {
    use super::{HamerlyBounds, LastPass, Level};
    use crate::call::{Algorithm, Shape};
    use crate::points::Form;
    use crate::runtime::workspace::Owned;

    const STRETCH: usize = 100;
    const N: usize = 10 * STRETCH;
    const D: usize = 64;
    const K: usize = 150;

    /// What the next pass does in each of ten stretches, after one that changed few labels, where margins are expensive to find;
    /// those that it finds are `margin`, and every label loses a little more than 1 after it.
    fn pass(bounds: &mut HamerlyBounds<'_>, margin: f32) -> String {
        let last = LastPass {
            labels: &[7; N],
            changed: 10,
            pairs: N * K,
            stretch: STRETCH,
        };
        let level = Level::new(crate::Isa::Portable);
        let mut rest = bounds.next_pass(last, level, true).map(|pass| pass.margins);
        let ways = (0..10).map(|_| {
            let Some(margins) = rest.take() else {
                return '-';
            };
            let (stretch, others) = margins.split(STRETCH);
            rest = Some(others);
            let Some(mut stretch) = stretch else {
                return '-';
            };
            let way = stretch.decay(level, &[7; STRETCH], &mut [0; 112]);
            if way.is_none() {
                stretch.store_block(0, &[margin; STRETCH]);
            }
            if way.is_some() {
                'm'
            } else {
                'f'
            }
        });
        let ways = ways.collect();
        let mut new = [0.0; K * D];
        new.iter_mut().step_by(D).for_each(|x| *x = 0.5);
        bounds.record_move(&new, &[0.0; K * D], D);
        ways
    }

    #[test]
    fn some_stretches_are_asked_first() {
        let shape = Shape::of_assign(N, D, K, Form::default(), 1);
        let mut memory = Owned::new(1 << 16).unwrap();
        let mut bounds = HamerlyBounds::cut(&mut memory.buffer(), &shape, Algorithm::Auto);
        bounds.forget();
        // Margins that the centers' moves use up: no more of them, until fewer labels change.
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
