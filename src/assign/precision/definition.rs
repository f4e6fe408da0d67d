//! What a precision is: what each file of this folder provides, and what it is given.

use crate::assign::costs::Costs;
use crate::assign::margin::Units;
use crate::assign::repeats::Repeats;
use crate::assign::screen::{self, ScreenResult};
use crate::call::{Job, Shape};
use crate::points::Which;
use crate::quantize::int16::Int16Rows;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::products::{elements, Element};

/// A precision, as the list knows it.
pub(in crate::assign) trait Precision {
    /// What points and centers are coded in.
    type Element: Element;
    /// The centers of a pass, coded, and what is proven of them.
    type Ready<'a>: Send + Sync;

    /// What a pair takes, as a part of what it takes in binary32.
    const COST: f64;
    /// The number of centers is rounded up to a multiple of this.
    const TOGETHER: usize = 1;
    /// Whether a test finds margins.
    const MARGINS: bool = true;
    /// What the points that it leaves open may cost for each pair before another precision takes less. None for precisions that are
    /// chosen by what they have cost so far.
    const ALLOWANCE: Option<Allowance> = None;

    /// Whether it may be worthwhile for a shape of at least three centers and two dimensions, so that a workspace has room for it. It may
    /// be limited to shapes of at most some number of dimensions, if that number is a power of two or one of
    /// [`LAST_DIMENSIONS`](crate::assign::LAST_DIMENSIONS).
    fn suits(shape: &Shape) -> bool;

    /// Elements of points of a shape that a test has room for, and values.
    fn room(shape: &Shape) -> [usize; 2] {
        let Shape { d, k, .. } = *shape;
        let tile = screen::tile::<Self::Element>(d);
        [tile, screen::values::<Self::Element>(d, k)]
    }

    /// Whether the CPU has the instructions, and it is worthwhile in a pass.
    fn worthwhile(_: &PassCenters<'_>) -> bool {
        true
    }

    /// Whether a pass over k centers would use it, and it finds no margins, so that margins would cost more than the labels.
    fn makes_margins_expensive(_: &Job<'_>, _k: usize) -> bool {
        false
    }

    /// Codes the centers of a pass; none where they are out of range.
    fn prepare<'a>(
        pass: &PassCenters<'a>,
        room: &'a mut CodedCenters<'_, Self::Element>,
    ) -> Option<Self::Ready<'a>>;

    /// Whether it can test these points.
    fn takes(_: &Int16Rows<'_>, _: &Which<'_>) -> bool {
        true
    }

    /// Labels points, or leaves them open.
    fn test<'a>(
        ready: &Self::Ready<'a>,
        pass: &PassCenters<'a>,
        which: &Which<'_>,
        rows: &mut BlockRows<'_, '_>,
        scratch: &mut screen::ScreenScratch<'_, Self::Element>,
    ) -> ScreenResult;
}

/// A cost by pair, for so many centers.
pub(in crate::assign) type Allowance = fn(&Costs, usize) -> f64;

/// The centers of a pass, and what is known of the points, whatever the precision.
#[derive(Clone, Copy)]
pub(in crate::assign) struct PassCenters<'a> {
    pub(in crate::assign) job: Job<'a>,
    pub(in crate::assign) centers: &'a [f64],
    /// What is subtracted from points and centers: medians.
    pub(in crate::assign) origin: &'a [f64],
    pub(in crate::assign) repeats: Repeats<'a>,
    /// How far points are from the origin, as a rule.
    pub(in crate::assign) length: f64,
    pub(in crate::assign) units: Units,
    /// Whether margins may be wanted, and whether coded rows are kept.
    pub(in crate::assign) margins: bool,
    pub(in crate::assign) rows_are_kept: bool,
}

impl PassCenters<'_> {
    pub(in crate::assign) fn k(&self) -> usize {
        self.centers.len() / self.job.points.d()
    }
}

/// Room for centers, coded in one precision.
pub(in crate::assign) struct CodedCenters<'w, E> {
    pub(in crate::assign) data: &'w mut [E],
    pub(in crate::assign) norms: &'w mut [E],
}

impl<'w, E: Element> CodedCenters<'w, E> {
    /// For all centers of a shape, or, where this precision is not `wanted`, none.
    pub(in crate::assign) fn cut<P: Precision<Element = E>>(
        from: &mut impl Cut<'w>,
        shape: &Shape,
        wanted: bool,
    ) -> Self {
        let k = if wanted { shape.k } else { 0 };
        let k = k.next_multiple_of(P::TOGETHER);
        CodedCenters {
            data: from.take(k.saturating_mul(elements::<E>(shape.d))),
            norms: from.take(k.saturating_mul(E::NORMS)),
        }
    }

    pub(in crate::assign) fn forget(&mut self) {
        spoil(self.data, E::INFINITY);
        spoil(self.norms, E::default());
    }

    /// For the k centers of a pass, d dimensions each.
    pub(in crate::assign) fn of_pass(&mut self, pass: &PassCenters<'_>) -> CodedCenters<'_, E> {
        let (k, d) = (pass.k(), pass.origin.len());
        CodedCenters {
            data: &mut self.data[..k * elements::<E>(d)],
            norms: &mut self.norms[..k * E::NORMS],
        }
    }
}

/// Rows coded in 16 bits, for a test of some points.
pub(in crate::assign) struct BlockRows<'a, 'r> {
    /// Where rows are kept, if they are.
    pub(in crate::assign) kept: &'a mut Int16Rows<'r>,
    /// Room for those of a block, where they are not, and for the block itself.
    pub(in crate::assign) room: &'a mut [i64],
    pub(in crate::assign) block: &'a mut [f64],
}
