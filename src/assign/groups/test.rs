//! The test of points by groups of centers.

use super::centers::{kept, limit, margin, suits, Batches, GroupedCenters, BATCH, MOST};
use super::kept::RowBounds;
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
    /// Pairs of the others, and of these.
    pub(in crate::assign) pairs: usize,
    pub(in crate::assign) in_vain: usize,
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
        let GroupScratch {
            labels: new,
            margins,
            open,
        } = &scratch;
        assert!(listed.len() <= new.len().min(margins.len()).min(open.len()));
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

/// Points that are tested together: what is a number for each of them is computed for all at a time.
const TOGETHER: usize = 8;

/// Lines of the rows and bounds of the next points that are asked for: the CPU sees the rest of them coming.
const LINES_AHEAD: usize = 4;

impl ScreenKernel<Pair> for TestGroups<'_, '_, '_> {
    type Out = Tested;

    #[inline(always)]
    unsafe fn run<L: Lanes, S: Screen<E = Pair>>(self) -> Tested {
        // A batch is whole vectors, of which there are four at most.
        const { assert!(BATCH.is_multiple_of(S::WIDTH) && BATCH / S::WIDTH <= VECTORS) }
        let TestGroups {
            centers,
            listed,
            first,
            rows,
            labels,
            bounds,
            scratch,
        } = self;
        let (stride, anew) = (bounds.stride, bounds.anew);
        let place = |p: u32| p as usize * stride..(p as usize + 1) * stride;
        let mut evaluated = Evaluated::new();
        let mut tested = Tested::default();
        for (some, lane) in listed.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
            // SAFETY: the caller is compiled for `S`; the maker has checked that all listed points have rows.
            unsafe {
                let row_of = |p: u32| rows.row(first + p as usize, centers.stride);
                let mut points = Several::new();
                for (l, &p) in some.iter().enumerate() {
                    let row = core::slice::from_raw_parts(row_of(p), centers.stride);
                    points.add::<S>(centers, l, row, labels[p as usize]);
                    if let Some(&later) = listed.get(lane + TOGETHER + l) {
                        Ahead::run(row_of(later), centers.stride).ask(LINES_AHEAD);
                        Ahead::run(bounds.bounds[place(later)].as_ptr(), stride).ask(LINES_AHEAD);
                    }
                }
                points.measure(centers);
                for (l, &p) in some.iter().enumerate() {
                    points.look::<S>(centers, l, &bounds.bounds[place(p)], anew);
                }
                for (l, &p) in some.iter().enumerate() {
                    points.compare::<S>(centers, l, &mut evaluated);
                    points.conclude::<S>(centers, l, &mut evaluated, &mut bounds.bounds[place(p)]);
                }
                points.prove(centers);
                for (l, &p) in some.iter().enumerate() {
                    if points.proven[l] {
                        scratch.labels[lane + l] = points.label[l] as i32;
                        scratch.margins[lane + l] = points.margin[l];
                        tested.pairs += points.pairs[l];
                    } else {
                        bounds.bounds[place(p)].fill(f32::NEG_INFINITY);
                        scratch.open[tested.open] = p;
                        tested.open += 1;
                        tested.in_vain += points.pairs[l];
                    }
                }
            }
        }
        tested
    }
}

/// Vectors of a batch, at most, and sums of products that do not depend on one another.
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

/// Some points that are tested.
struct Several<'a> {
    elements: [&'a [i64]; TOGETHER],
    /// From the row of each: how far its code is off, and |x'|.
    error: [f32; TOGETHER],
    length: [f32; TOGETHER],
    /// Its label, the product with that center, and the norms of the center. Points without a label are not proven.
    label: [usize; TOGETHER],
    product: [i32; TOGETHER],
    norms: [CenterNorms; TOGETHER],
    proven: [bool; TOGETHER],
    /// What the sums of its products start from, its unit, and |x'|².
    start: [i32; TOGETHER],
    unit: [f32; TOGETHER],
    square: [f32; TOGETHER],
    /// The value of its center, and the distance of that, at most.
    own: [f32; TOGETHER],
    near: [f32; TOGETHER],
    /// The groups that it is compared with, a bit for each, and the distance of others, at least.
    needed: [u32; TOGETHER],
    farther: [f32; TOGETHER],
    /// The least and the second least value of these centers.
    least: [f32; TOGETHER],
    second: [f32; TOGETHER],
    margin: [f32; TOGETHER],
    pairs: [usize; TOGETHER],
}

impl<'a> Several<'a> {
    #[inline(always)]
    fn new() -> Self {
        Several {
            elements: [&[]; TOGETHER],
            error: [0.0; TOGETHER],
            length: [0.0; TOGETHER],
            label: [0; TOGETHER],
            product: [0; TOGETHER],
            norms: [CenterNorms::OUT_OF_RANGE; TOGETHER],
            proven: [false; TOGETHER],
            start: [0; TOGETHER],
            unit: [0.0; TOGETHER],
            square: [0.0; TOGETHER],
            own: [0.0; TOGETHER],
            near: [0.0; TOGETHER],
            needed: [0; TOGETHER],
            farther: [f32::INFINITY; TOGETHER],
            least: [0.0; TOGETHER],
            second: [0.0; TOGETHER],
            margin: [0.0; TOGETHER],
            pairs: [0; TOGETHER],
        }
    }

    /// Adds the point of a row, with its label.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn add<S: Screen<E = Pair>>(
        &mut self,
        centers: &GroupedCenters<'_>,
        l: usize,
        row: &'a [i64],
        label: i32,
    ) {
        let (elements, norms) = row.split_at(row.len() - 1);
        let norms = RowNorms::of(norms[0]);
        (self.error[l], self.length[l]) = (norms.error, norms.length);
        self.elements[l] = elements;
        let label = label as usize;
        self.proven[l] = label < centers.batches.k;
        self.label[l] = if self.proven[l] { label } else { 0 };
        let (codes, norms) = centers.center(self.label[l]);
        // SAFETY: the contract.
        self.product[l] = unsafe { product::<S>(elements, codes) };
        self.norms[l] = norms;
    }

    /// How far the points are from their centers, at most.
    #[inline(always)]
    fn measure(&mut self, centers: &GroupedCenters<'_>) {
        for l in 0..TOGETHER {
            let unit = unit(self.length[l]);
            let e = centers.bound.e(self.error[l]);
            let start = -(e as i32);
            let theirs = self.norms[l];
            let sum = start.wrapping_add(self.product[l]);
            self.own[l] = theirs.start + sum as f32 * unit * theirs.unit;
            (self.start[l], self.unit[l]) = (start, unit);
            self.square[l] = square(self.length[l]) as f32;
            let error_bound = self.error_bound(centers, l, theirs);
            self.near[l] = centers.near(self.square[l], self.own[l], error_bound);
        }
    }

    /// The error bound of a point with this center.
    #[inline(always)]
    fn error_bound(&self, centers: &GroupedCenters<'_>, l: usize, center: CenterNorms) -> f32 {
        let of_point = Int16Bound::of_point(centers.bound.e(self.error[l]), self.unit[l]);
        Int16Bound::of_label(of_point, center, square(self.length[l]))
    }

    /// Looks at the bounds of a point, if they are not to be made `anew`.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn look<S: Screen<E = Pair>>(
        &mut self,
        centers: &GroupedCenters<'_>,
        l: usize,
        bounds: &[f32],
        anew: bool,
    ) {
        let all = u32::MAX >> (u32::BITS as usize - centers.groups);
        let (needed, spared) = match anew {
            true => (all, f32::INFINITY),
            // SAFETY: the contract.
            false => unsafe { needed::<S>(centers, self.near[l], bounds) },
        };
        (self.needed[l], self.farther[l]) = (needed & all, spared);
    }

    /// Finds the nearest center of those that a point was compared with, and renews the bounds of their groups.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn conclude<S: Screen<E = Pair>>(
        &mut self,
        centers: &GroupedCenters<'_>,
        l: usize,
        evaluated: &mut Evaluated,
        bounds: &mut [f32],
    ) {
        // What fills the last vector spares nothing.
        bounds[centers.groups..].fill(f32::INFINITY);
        let own_group = self.label[l] as u32 / centers.batches.group() as u32;
        // The label's own value counts where its group was not compared.
        let alone = self.needed[l] >> own_group & 1 == 0;
        let own = if alone { self.own[l] } else { f32::INFINITY };
        let (mut least, mut second) = (own, f32::INFINITY);
        let count = evaluated.count;
        let mut nearest = count;
        for (place, &value) in evaluated.minimum[..count].iter().enumerate() {
            let is_less = value < least;
            let farther = if is_less { least } else { value };
            second = if farther < second { farther } else { second };
            least = if is_less { value } else { least };
            nearest = if is_less { place } else { nearest };
        }
        let moved = centers.moved[1];
        let mut farther = self.farther[l];
        if nearest < count {
            // SAFETY: the contract above.
            let (center, others) = unsafe { evaluated.others::<S>(nearest) };
            self.label[l] = center;
            self.norms[l] = centers.norms(center);
            evaluated.minimum[nearest] = others;
            second = if others < second { others } else { second };
        }
        // Without a value there is no label.
        self.proven[l] &= nearest < count || alone;
        let mut far = [0.0; MOST];
        let eights = far.as_chunks_mut::<8>().0.iter_mut();
        let eights = eights.zip(evaluated.minimum.as_chunks::<8>().0);
        for (far, minimum) in eights.take(count.div_ceil(8)) {
            for (far, &value) in far.iter_mut().zip(minimum) {
                *far = centers.far(self.square[l], value);
            }
        }
        for (&group, &far) in evaluated.groups[..count].iter().zip(&far) {
            let group = group as usize;
            bounds[group] = kept(far, moved[group]);
            farther = if far < farther { far } else { farther };
        }
        if alone && nearest < count {
            // The center that it leaves is another of its group now.
            let far = centers.far(self.square[l], own);
            let bound = kept(far, moved[own_group as usize]);
            let left = &mut bounds[own_group as usize];
            *left = left.min(bound);
            farther = farther.min(far);
        }
        (self.least[l], self.second[l], self.farther[l]) = (least, second, farther);
        self.pairs[l] = evaluated.pairs + usize::from(alone);
    }

    /// Which labels are proven, and their margins.
    #[inline(always)]
    fn prove(&mut self, centers: &GroupedCenters<'_>) {
        for l in 0..TOGETHER {
            let error_bound = self.error_bound(centers, l, self.norms[l]);
            // Where anything overflowed the gap is NaN, which is not greater, and proves nothing.
            self.proven[l] &= self.second[l] - self.least[l] > error_bound;
            let near = centers.near(self.square[l], self.least[l], error_bound);
            self.margin[l] = margin(self.farther[l], near);
        }
    }

    /// Compares a point with the groups that it has to be compared with.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn compare<S: Screen<E = Pair>>(
        &self,
        centers: &GroupedCenters<'_>,
        l: usize,
        evaluated: &mut Evaluated,
    ) {
        let Batches { k, of_group } = centers.batches;
        let all = centers.batches.count();
        (evaluated.count, evaluated.pairs) = (0, 0);
        let mut groups = self.needed[l];
        while groups != 0 {
            let group = groups.trailing_zeros();
            groups &= groups - 1;
            let first = group as usize * of_group;
            let end = all.min(first + of_group);
            let place = evaluated.count;
            // SAFETY: the contract; there is room for a batch in every place, and as many places as groups.
            unsafe {
                let mut least = self.values::<S>(centers, l, first);
                let mut second = [S::splat(Pair::INFINITY); VECTORS];
                let mut batch = [S::splat(Pair::of_label(first * BATCH)); VECTORS];
                for next in first + 1..end {
                    let label = S::splat(Pair::of_label(next * BATCH));
                    let values = self.values::<S>(centers, l, next);
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

    /// The values of the centers of a batch for a point.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn values<S: Screen<E = Pair>>(
        &self,
        centers: &GroupedCenters<'_>,
        l: usize,
        batch: usize,
    ) -> [S::V; VECTORS] {
        let elements = centers.elements;
        let (data, row) = (centers.batch(batch), self.elements[l]);
        assert!(elements <= 2 * row.len());
        let (data, row) = (data.as_ptr(), row.as_ptr().cast::<Pair>());
        // SAFETY: the contract; the row has these elements, and the batch has as many vectors, and two more. `finish` reads its third argument after one
        // vector.
        unsafe {
            // Sums of every element, or of every other one, or every fourth: so many that some do not wait for others.
            let (vectors, parts) = (BATCH / S::WIDTH, VECTORS * S::WIDTH / BATCH);
            let mut sums = [S::splat(Pair::default()); VECTORS];
            sums[..vectors].fill(S::splat(Pair(self.start[l])));
            let mut e = 0;
            while e + parts <= elements {
                for part in 0..parts {
                    let sums = &mut sums[part * vectors..][..vectors];
                    add_products::<S>(data.add((e + part) * BATCH), *row.add(e + part), sums);
                }
                e += parts;
            }
            while e < elements {
                add_products::<S>(data.add(e * BATCH), *row.add(e), &mut sums[..vectors]);
                e += 1;
            }
            for other in vectors..VECTORS {
                sums[other % vectors] = S::join(sums[other % vectors], sums[other]);
            }
            // Units of the centers in place of those of points, and the unit of the point in that of a center; what values start from is added here.
            let norm = [Pair::of(0.0), Pair::of(self.unit[l])];
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

/// Adds the products of an element of a point with one of each center of a batch to the sums of the centers.
///
/// # Safety
/// The caller is compiled for `S`; the batch has an element for each center.
#[inline(always)]
unsafe fn add_products<S: Screen<E = Pair>>(batch: *const Pair, x: Pair, sums: &mut [S::V]) {
    // SAFETY: the contract.
    unsafe {
        let x = S::splat(x);
        for (v, sum) in sums.iter_mut().enumerate() {
            *sum = S::mul_add(S::load(batch.add(v * S::WIDTH)), x, *sum);
        }
    }
}

/// Which groups the bounds do not prove to be farther than the label's center, which is as `near` at most, a bit for each, and the least bound of the
/// others. What there is besides the groups may have any bits.
///
/// # Safety
/// The caller is compiled for `S`.
#[inline(always)]
unsafe fn needed<S: Screen<E = Pair>>(
    centers: &GroupedCenters<'_>,
    near: f32,
    bounds: &[f32],
) -> (u32, f32) {
    let [moved, _] = centers.moved;
    assert!(bounds.len() == moved.len() && bounds.len() <= MOST);
    let mut lanes = [Pair::default(); BATCH];
    let mut needed = 0;
    // SAFETY: the contract; bounds are whole vectors, and a pair is as many bits as a number.
    unsafe {
        let near = S::splat(Pair::of(limit(near)));
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

/// A length squared.
#[inline(always)]
fn square(length: f32) -> f64 {
    f64::from(length) * f64::from(length)
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
