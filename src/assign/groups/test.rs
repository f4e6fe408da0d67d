//! The test of points by groups of centers.

use super::centers::{kept, limit, margin, Batches, GroupedCenters, BATCH};
use super::{suits, RowBounds, MOST};
use crate::assign::precision::{CenterNorms, Int16Bound};
use crate::call::{Job, Shape};
use crate::points::{Ahead, Which};
use crate::quantize::int16::{unit, RowNorms, ValidRows};
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::products::{Element, Pair, Screen};
use crate::simd::{Capability, InstructionSet, Kernel, Lanes, ScreenKernel};

/// What a test of some points by groups leaves, for one thread.
pub(in crate::assign) struct GroupScratch<'w> {
    pub(in crate::assign) labels: &'w mut [i32],
    pub(in crate::assign) margins: &'w mut [f32],
    /// The points whose labels are not proven.
    pub(in crate::assign) open: &'w mut [u32],
}

impl<'w> GroupScratch<'w> {
    /// For a block.
    pub(in crate::assign) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let block = if suits(shape) { shape.block } else { 0 };
        GroupScratch {
            labels: from.take(block),
            margins: from.take(block),
            open: from.take(block),
        }
    }

    pub(in crate::assign) fn forget(&mut self) {
        spoil(self.labels, i32::MAX);
        spoil(self.margins, f32::INFINITY);
        spoil(self.open, u32::MAX);
    }
}

/// What became of some points.
#[derive(Clone, Copy, Default)]
pub(in crate::assign) struct Tested {
    /// Points that stayed open: they have no label, and no bounds.
    pub(in crate::assign) open: usize,
    /// Pairs of the others.
    pub(in crate::assign) pairs: usize,
}

impl GroupedCenters<'_> {
    /// Tests points of a stretch, at most a block of them: `listed` among those from `first` on, which have these rows, `labels` and `bounds`.
    pub(in crate::assign) fn test(
        &self,
        job: &Job<'_>,
        (listed, first): (&[u32], usize),
        rows: ValidRows<'_>,
        labels: &[i32],
        bounds: &mut RowBounds<'_>,
        scratch: &mut GroupScratch<'_>,
    ) -> Tested {
        assert!(rows.have(&job.points, &Which::Listed(listed, first)));
        assert!(listed.iter().all(|&p| (p as usize) < labels.len()));
        assert!(bounds.stride == self.batches.bounds());
        assert!(bounds.bounds.len() == labels.len() * bounds.stride);
        assert!(job.points.d() == self.coding.origin.len());
        job.level
            .run(TestGroups {
                centers: self,
                listed,
                first,
                rows,
                labels,
                bounds,
                scratch,
            })
            .expect("centers are in groups only where there are vectors for them")
    }
}

/// There are rows, labels and bounds of all listed points.
struct TestGroups<'a, 'b, 's> {
    centers: &'a GroupedCenters<'a>,
    listed: &'a [u32],
    first: usize,
    rows: ValidRows<'a>,
    labels: &'a [i32],
    bounds: &'a mut RowBounds<'b>,
    scratch: &'a mut GroupScratch<'s>,
}

impl Kernel for TestGroups<'_, '_, '_> {
    type Out = Option<Tested>;
    const PRODUCTS: bool = true;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> Option<Tested> {
        // SAFETY: the contract.
        unsafe { I::Words::run::<I::Lanes, _>(self) }
    }
}

/// Points whose bounds are looked at before the first of them is compared with any group, so that the CPU does so for several at a time; and
/// whose rows and bounds are asked for before that.
const TOGETHER: usize = 8;

/// Lines of each that are asked for: the CPU sees the rest of them coming.
const LINES_AHEAD: usize = 4;

impl ScreenKernel<Pair> for TestGroups<'_, '_, '_> {
    type Out = Tested;

    #[inline(always)]
    unsafe fn run<L: Lanes, S: Screen<E = Pair>>(self) -> Tested {
        let TestGroups {
            centers,
            listed,
            first,
            rows,
            labels,
            bounds,
            scratch,
        } = self;
        // A batch is whole vectors, of which there are four at most.
        const { assert!(BATCH.is_multiple_of(S::WIDTH) && BATCH / S::WIDTH <= VECTORS) }
        let (stride, of_point) = (centers.stride, bounds.stride);
        let mut evaluated = Evaluated::new();
        let mut tested = Tested::default();
        let mut lane = 0;
        for some in listed.chunks(TOGETHER) {
            let mut points = [None; TOGETHER];
            for (point, &p) in points.iter_mut().zip(some) {
                let label = labels[p as usize];
                let bounds_of_point = &bounds.bounds[p as usize * of_point..][..of_point];
                // SAFETY: the caller is compiled for `S`; the maker has checked that there is a row.
                *point = unsafe {
                    let row = rows.row(first + p as usize, stride);
                    let row = core::slice::from_raw_parts(row, stride);
                    Point::new::<S>(centers, row, label, bounds_of_point, bounds.anew)
                };
            }
            for (&p, point) in some.iter().zip(&points) {
                if let Some(&later) = listed.get(lane + TOGETHER) {
                    // SAFETY: the maker has checked that there is a row.
                    let row = unsafe { rows.row(first + later as usize, stride) };
                    Ahead::run(row, stride).ask(LINES_AHEAD);
                    let theirs = bounds.bounds[later as usize * of_point..].as_ptr();
                    Ahead::run(theirs, of_point).ask(LINES_AHEAD);
                }
                let bounds_of_point = &mut bounds.bounds[p as usize * of_point..][..of_point];
                let found = match point {
                    // SAFETY: the caller is compiled for `S`.
                    Some(point) => unsafe {
                        point.compare::<S>(&mut evaluated);
                        point.conclude::<S>(bounds_of_point, &mut evaluated)
                    },
                    None => None,
                };
                match found {
                    Some(found) => {
                        scratch.labels[lane] = found.label as i32;
                        scratch.margins[lane] = found.margin;
                        tested.pairs += found.pairs;
                    }
                    None => {
                        bounds_of_point.fill(f32::NEG_INFINITY);
                        scratch.open[tested.open] = p;
                        tested.open += 1;
                    }
                }
                lane += 1;
            }
        }
        tested
    }
}

/// Vectors of a batch, at most.
const VECTORS: usize = 4;

/// The groups that a point was compared with.
struct Evaluated {
    count: usize,
    /// Centers of all of them.
    pairs: usize,
    groups: [u32; MOST],
    /// The least value of each.
    minimum: [f32; MOST],
    /// In each lane of a group, the least and the second least value of its batches, and the first center of the batch with the least.
    least: [[Pair; BATCH]; MOST],
    second: [[Pair; BATCH]; MOST],
    batch: [[Pair; BATCH]; MOST],
}

impl Evaluated {
    const fn new() -> Self {
        Evaluated {
            count: 0,
            pairs: 0,
            groups: [0; MOST],
            minimum: [0.0; MOST],
            least: [[Pair::of(0.0); BATCH]; MOST],
            second: [[Pair::of(0.0); BATCH]; MOST],
            batch: [[Pair::of(0.0); BATCH]; MOST],
        }
    }

    /// The center of the least value of one group, and the least value of all its others.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn others<S: Screen<E = Pair>>(&self, place: usize) -> (usize, f32) {
        let minimum = self.minimum[place];
        let least = &self.least[place];
        let (mut lanes, mut others) = (0, [Pair::default(); BATCH]);
        // SAFETY: the contract; a batch is whole vectors.
        unsafe {
            let infinity = S::splat(Pair::INFINITY);
            let bar = S::splat(Pair::of(minimum));
            let mut rest = infinity;
            for first in (0..BATCH).step_by(S::WIDTH) {
                let least = S::load(least.as_ptr().add(first));
                lanes |= S::not_greater(least, bar) << first;
                rest = S::min(rest, S::select_less(bar, least, least, infinity));
            }
            S::store(others.as_mut_ptr(), rest);
        }
        let lane = lanes.trailing_zeros() as usize % BATCH;
        let center = self.batch[place][lane].number() as usize + lane;
        let second = self.second[place][lane].number();
        let others = least_of::<S>(&others);
        let others = if second < others { second } else { others };
        match lanes.is_power_of_two() {
            true => (center, others),
            false => (center, minimum),
        }
    }
}

/// What a test proved of a point.
struct Found {
    label: usize,
    margin: f32,
    pairs: usize,
}

/// A point that is tested.
#[derive(Clone, Copy)]
struct Point<'a> {
    centers: &'a GroupedCenters<'a>,
    elements: &'a [i64],
    /// What the sums of its products start from, and its unit.
    start: Pair,
    unit: f32,
    /// The part of its error bound that does not need the label.
    of_point: f32,
    /// |x'|², and the same in single precision.
    square: f64,
    rounded: f32,
    /// Its label so far, the value of that center, and that center's distance, at most.
    label: usize,
    own: f32,
    near: f32,
    /// The groups that it is compared with, a bit for each, and the least bound of the others.
    needed: u32,
    spared: f32,
}

impl<'a> Point<'a> {
    /// The point of a row, with its label and its bounds, which may have to be made anew; none without a label.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn new<S: Screen<E = Pair>>(
        centers: &'a GroupedCenters<'a>,
        row: &'a [i64],
        label: i32,
        bounds: &[f32],
        anew: bool,
    ) -> Option<Self> {
        let label = usize::try_from(label)
            .ok()
            .filter(|&j| j < centers.batches.k)?;
        let (norms, elements) = row.split_last()?;
        let RowNorms { error, length } = RowNorms::of(*norms);
        let unit = unit(length);
        let e = centers.bound.e(error);
        let square = f64::from(length) * f64::from(length);
        let (codes, theirs) = centers.center(label);
        let start = -(e as i32);
        // SAFETY: the contract.
        let sum = start.wrapping_add(unsafe { product::<S>(elements, codes) });
        let own = theirs.start + sum as f32 * unit * theirs.unit;
        let point = Point {
            centers,
            elements,
            start: Pair(start),
            unit,
            of_point: Int16Bound::of_point(e, unit),
            square,
            rounded: square as f32,
            label,
            own,
            near: 0.0,
            needed: 0,
            spared: f32::INFINITY,
        };
        let near = centers.near(point.rounded, own, point.error_bound(theirs));
        let point = Point { near, ..point };
        let all = u32::MAX >> (u32::BITS as usize - centers.groups);
        let (needed, spared) = match anew {
            true => (all, f32::INFINITY),
            // SAFETY: the contract.
            false => unsafe { point.needed::<S>(bounds) },
        };
        Some(Point {
            needed: needed & all,
            spared,
            ..point
        })
    }

    /// The error bound with this center.
    #[inline(always)]
    fn error_bound(&self, center: CenterNorms) -> f32 {
        Int16Bound::of_label(self.of_point, center, self.square)
    }

    /// Finds the label and a margin, and renews the bounds of the groups that it was compared with. None, and no bounds, if the label is not proven.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn conclude<S: Screen<E = Pair>>(
        &self,
        bounds: &mut [f32],
        evaluated: &mut Evaluated,
    ) -> Option<Found> {
        let centers = self.centers;
        let Point { needed, spared, .. } = *self;
        bounds[centers.groups..].fill(f32::INFINITY);
        let own_group = self.label as u32 / centers.batches.group() as u32;
        // The label's own value counts where its group was not compared.
        let alone = needed >> own_group & 1 == 0;
        let (mut least, mut second) = match alone {
            true => (self.own, f32::INFINITY),
            false => (f32::INFINITY, f32::INFINITY),
        };
        let count = evaluated.count;
        let (mut label, mut nearest) = (self.label, None);
        for (place, &value) in evaluated.minimum[..count].iter().enumerate() {
            if value < least {
                (least, second) = (value, least);
                nearest = Some(place);
            } else if value < second {
                second = value;
            }
        }
        if let Some(place) = nearest {
            // SAFETY: the contract above.
            let (center, others) = unsafe { evaluated.others::<S>(place) };
            label = center;
            evaluated.minimum[place] = others;
            second = if others < second { others } else { second };
        } else if !alone {
            return None;
        }
        let error_bound = self.error_bound(centers.norms(label));
        // Where anything overflowed the gap is NaN, which is not greater, and proves nothing.
        let proven = second - least > error_bound;
        if !proven {
            return None;
        }
        let near = match label == self.label {
            true => self.near,
            false => centers.near(self.rounded, least, error_bound),
        };
        let [_, moved] = centers.moved;
        let mut far = [0.0; MOST];
        let eights = far.as_chunks_mut::<8>().0.iter_mut();
        let eights = eights.zip(evaluated.minimum.as_chunks::<8>().0);
        for (far, minimum) in eights.take(count.div_ceil(8)) {
            for (far, &value) in far.iter_mut().zip(minimum) {
                *far = centers.far(self.rounded, value);
            }
        }
        let mut farther = spared;
        for (&group, &far) in evaluated.groups[..count].iter().zip(&far) {
            let group = group as usize;
            bounds[group] = kept(far, moved[group]);
            farther = if far < farther { far } else { farther };
        }
        if alone && label != self.label {
            // The center that it leaves is another of its group now.
            let far = centers.far(self.rounded, self.own);
            let bound = kept(far, moved[own_group as usize]);
            let left = &mut bounds[own_group as usize];
            *left = left.min(bound);
            farther = farther.min(far);
        }
        Some(Found {
            label,
            margin: margin(farther, near),
            pairs: evaluated.pairs + usize::from(alone),
        })
    }

    /// Which groups the bounds do not prove to be farther than the label's center, a bit for each, and the least bound of the others. What there is
    /// besides the groups may have any bits.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn needed<S: Screen<E = Pair>>(&self, bounds: &[f32]) -> (u32, f32) {
        let [moved, _] = self.centers.moved;
        assert!(bounds.len() == moved.len() && bounds.len() <= MOST);
        let mut lanes = [Pair::default(); BATCH];
        let mut needed = 0;
        // SAFETY: the contract; bounds are whole vectors, and a pair is as many bits as a number.
        unsafe {
            let near = S::splat(Pair::of(limit(self.near)));
            let infinity = S::splat(Pair::INFINITY);
            let mut least = infinity;
            for first in (0..bounds.len()).step_by(S::WIDTH) {
                let bound = S::load(bounds.as_ptr().add(first).cast());
                let moved = S::load(moved.as_ptr().add(first).cast());
                let limit = S::add(near, moved);
                needed |= S::not_greater(bound, limit) << first;
                let spared = S::select_less(limit, bound, S::sub(bound, moved), infinity);
                least = S::min(least, spared);
            }
            S::store(lanes.as_mut_ptr(), least);
        }
        (needed, least_of::<S>(&lanes))
    }

    /// Compares the point with the groups that it has to be compared with.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn compare<S: Screen<E = Pair>>(&self, evaluated: &mut Evaluated) {
        let Batches { k, of_group } = self.centers.batches;
        let all = self.centers.batches.count();
        (evaluated.count, evaluated.pairs) = (0, 0);
        let mut groups = self.needed;
        while groups != 0 {
            let group = groups.trailing_zeros();
            groups &= groups - 1;
            let first = group as usize * of_group;
            let end = all.min(first + of_group);
            let place = evaluated.count;
            // SAFETY: the contract; there is room for a batch in every place, and as many places as groups.
            unsafe {
                let mut least = self.values::<S>(first);
                let mut second = [S::splat(Pair::INFINITY); VECTORS];
                let mut batch = [S::splat(Pair::of_label(first * BATCH)); VECTORS];
                for next in first + 1..end {
                    let label = S::splat(Pair::of_label(next * BATCH));
                    let values = self.values::<S>(next);
                    for v in 0..BATCH / S::WIDTH {
                        second[v] = S::min(second[v], S::max(least[v], values[v]));
                        batch[v] = S::select_less(values[v], least[v], label, batch[v]);
                        least[v] = S::min(least[v], values[v]);
                    }
                }
                let mut minimum = least[0];
                for v in 0..BATCH / S::WIDTH {
                    let at = v * S::WIDTH;
                    S::store(evaluated.least[place].as_mut_ptr().add(at), least[v]);
                    S::store(evaluated.second[place].as_mut_ptr().add(at), second[v]);
                    S::store(evaluated.batch[place].as_mut_ptr().add(at), batch[v]);
                    minimum = S::min(minimum, least[v]);
                }
                let mut lanes = [Pair::default(); BATCH];
                S::store(lanes.as_mut_ptr(), minimum);
                evaluated.minimum[place] = least_of::<S>(&lanes);
            }
            evaluated.groups[place] = group;
            evaluated.count += 1;
            evaluated.pairs += k.min(end * BATCH) - first * BATCH;
        }
    }

    /// The values of the centers of a batch.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn values<S: Screen<E = Pair>>(&self, batch: usize) -> [S::V; VECTORS] {
        let elements = self.centers.elements;
        let data = self.centers.batch(batch);
        assert!(elements <= 2 * self.elements.len());
        let (data, row) = (data.as_ptr(), self.elements.as_ptr().cast::<Pair>());
        // SAFETY: the contract; the row has these elements, and the batch has as many vectors, and two more. `finish` reads its third argument after one
        // vector.
        unsafe {
            let mut sums = [S::splat(self.start); VECTORS];
            for e in 0..elements {
                let x = S::splat(*row.add(e));
                for (v, sum) in sums.iter_mut().enumerate().take(BATCH / S::WIDTH) {
                    let centers = S::load(data.add(e * BATCH + v * S::WIDTH));
                    *sum = S::mul_add(centers, x, *sum);
                }
            }
            // Units of the centers in place of those of points, and the unit of the point in that of a center; what values start from is added here.
            let norm = [Pair::of(0.0), Pair::of(self.unit)];
            let starts = data.add(elements * BATCH);
            for (v, sum) in sums.iter_mut().enumerate().take(BATCH / S::WIDTH) {
                let units = starts.add(BATCH + v * S::WIDTH);
                let products = S::finish(*sum, norm.as_ptr(), units.sub(S::WIDTH));
                *sum = S::add(S::load(starts.add(v * S::WIDTH)), products);
            }
            sums
        }
    }
}

/// The least of a vector of numbers, the first of these.
#[inline(always)]
fn least_of<S: Screen<E = Pair>>(lanes: &[Pair; BATCH]) -> f32 {
    let mut lanes = lanes.map(Pair::number);
    let mut width = S::WIDTH;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            let (a, b) = (lanes[l], lanes[width + l]);
            lanes[l] = if a < b { a } else { b };
        }
    }
    lanes[0]
}

/// The product of a row of a point with one of a center.
///
/// # Safety
/// The caller is compiled for `S`.
#[inline(always)]
unsafe fn product<S: Screen<E = Pair>>(row: &[i64], center: &[Pair]) -> i32 {
    assert!(center.len() == 2 * row.len());
    let (row, length) = (row.as_ptr().cast::<Pair>(), center.len());
    let mut lanes = [Pair::default(); BATCH];
    let whole = length / S::WIDTH * S::WIDTH;
    // SAFETY: the contract; there are as many pairs in either, and a vector of sums is no longer than a batch.
    unsafe {
        let mut sums = S::splat(Pair::default());
        for e in (0..whole).step_by(S::WIDTH) {
            let theirs = S::load(center.as_ptr().add(e));
            sums = S::mul_add(theirs, S::load(row.add(e)), sums);
        }
        S::store(lanes.as_mut_ptr(), sums);
        let rest = (whole..length).map(|e| {
            let [a, b] =
                [*row.add(e), center[e]].map(|pair| [pair.0 as i16, (pair.0 >> 16) as i16]);
            i32::from(a[0]) * i32::from(b[0]) + i32::from(a[1]) * i32::from(b[1])
        });
        let sums = lanes[..S::WIDTH].iter().map(|lane| lane.0);
        sums.chain(rest).fold(0, i32::wrapping_add)
    }
}
