//! When a pass goes from one precision to another.
//!
//! A pass begins in the first precision that its shape and data allow ([`Method::first`], and `worthwhile` of each precision). A thread
//! goes on, block by block, by what its last block has cost:
//!
//! 1. From a quantized precision to the next one, when deciding the points it left open took more than it saves
//!    ([`ALLOWANCE`](super::precision::Precision::ALLOWANCE)).
//! 2. Among the floating-point precisions and D itself, to what took least per pair, as far as that was tried; what was not tried may
//!    leave nothing open.
//! 3. Back to the first method that may be worthwhile, after 8 blocks, then 16, up to 128, since similar rows often come together.
//!
//! The next pass begins in the surest method that any thread ended with, and every eighth in the first again: centers may lie better by then. None of this
//! changes a label. What was measured is in `docs/decisions.md`, "When to fall back" and "Precisions: where each begins".

use super::costs::{too_few_to_prepare, Costs};
use super::precision::{Certificate, Method};
use super::screen::ScreenResult;
use crate::call::Shape;
use crate::simd::products::Working;

/// Centers in one dimension from which on a search takes less than testing all of them.
const SORTED: usize = 192;

impl Method {
    /// Where to begin for a shape. In one dimension D costs no more than a test, and leaves nothing open; of few points it costs less than
    /// to prepare centers.
    pub(super) fn first(shape: &Shape) -> Self {
        match (shape.d, shape.k) {
            (1, SORTED..) if !too_few_to_prepare(shape) => Method::Sorted,
            _ => {
                let mut precisions = Method::PRECISIONS.iter().copied();
                let first = precisions.find(|precision| precision.has_room(shape));
                first.unwrap_or(Method::Direct)
            }
        }
    }

    /// The first precision that is chosen by what it has cost.
    pub(super) fn first_measured() -> Self {
        let mut precisions = Method::PRECISIONS.iter().copied();
        let measured = precisions.find(|precision| precision.is_measured());
        measured.unwrap_or(Method::Direct)
    }

    /// Whether it is a precision that is chosen by what it has cost.
    fn is_measured(self) -> bool {
        self.traits()
            .is_some_and(|precision| precision.allowance.is_none())
    }
}

/// The largest numbers of dimensions for which the lemmas of a precision hold, where these are no powers of two. A test that a bound
/// holds for all shapes has to try them.
pub(crate) const LAST_DIMENSIONS: [usize; 2] = [last_dimension::<f32>(), last_dimension::<f64>()];

const fn last_dimension<E: Working>() -> usize {
    let (mut last, mut above) = (1, 1 << 60);
    while above - last > 1 {
        let middle = last + (above - last) / 2;
        if Certificate::holds::<E>(middle) {
            last = middle;
        } else {
            above = middle;
        }
    }
    last
}

/// What became of a block.
#[derive(Clone, Copy)]
pub(super) struct Tested {
    pub(super) result: ScreenResult,
    /// Its points, or those that it is what is left of.
    pub(super) points: usize,
    pub(super) k: usize,
    /// Whether margins are wanted: an open point has none, and will be tested once more.
    pub(super) margins: bool,
}

/// Which method a thread uses next.
pub(super) struct Policy {
    method: Method,
    /// The method that a retry goes back to.
    lowest: Method,
    /// What a pair took in each precision that is measured, as far as that was tried.
    measured: [Option<f64>; Method::PRECISIONS.len()],
    /// Blocks until all is tried again, and how many there were to be the last time.
    blocks: u32,
    last: u32,
}

impl Policy {
    /// Blocks until the first trial, and at most until another, each of which waits twice as long as the one before.
    const FIRST: u32 = 8;
    const MOST: u32 = 128;

    pub(super) fn start(method: Method, lowest: Method) -> Self {
        Policy {
            method,
            lowest,
            measured: [None; Method::PRECISIONS.len()],
            blocks: if method > lowest { Self::FIRST } else { 0 },
            last: Self::FIRST / 2,
        }
    }

    /// What to use next.
    pub(super) fn method(&self) -> Method {
        self.method
    }

    /// Records what became of a block by a method, and chooses the next.
    pub(super) fn record(&mut self, method: Method, tested: Tested, costs: &Costs) {
        let Tested {
            result,
            points,
            k,
            margins,
        } = tested;
        let deciding = costs.deciding(result, k) / (points as f64 * k as f64);
        let again = match margins {
            true => costs.single * result.open as f64 / points as f64,
            false => 0.0,
        };
        let after = match method.traits() {
            Some(precision) => match precision.allowance {
                Some(allowance) if deciding + again > allowance(costs, k) => method.next(),
                Some(_) => method,
                None => {
                    self.measured[method as usize] =
                        Some(precision.cost * costs.single + deciding + again);
                    self.cheapest(costs, margins)
                }
            },
            None => method,
        };
        if after != method {
            if self.blocks == 0 {
                self.last = (2 * self.last).min(Self::MOST);
                self.blocks = self.last;
            }
            self.method = after;
        } else if self.blocks > 0 {
            self.blocks -= 1;
            if self.blocks == 0 {
                self.measured = [None; Method::PRECISIONS.len()];
                self.method = self.lowest;
            }
        } else {
            self.last = Self::FIRST / 2;
        }
    }

    /// The measured precision that takes least, as far as is known: what was not tried may leave nothing open. Or none, where that
    /// takes less.
    fn cheapest(&self, costs: &Costs, margins: bool) -> Method {
        let direct = match margins {
            true => costs.direct + costs.single,
            false => costs.direct,
        };
        let (mut cheapest, mut least) = (Method::Direct, direct);
        for &method in Method::PRECISIONS.iter().rev() {
            let Some(precision) = method.traits() else {
                continue;
            };
            if !method.is_measured() || method < self.lowest {
                continue;
            }
            let cost = self.measured[method as usize].unwrap_or(precision.cost * costs.single);
            if cost <= least {
                (cheapest, least) = (method, cost);
            }
        }
        cheapest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::label::{Counts, LabelScratch};
    use crate::assign::lemmas::{two_to, Rng};
    use crate::assign::packing::Packing;
    use crate::call::{Algorithm, Job};
    use crate::points::{Form, Points, Which};
    use crate::quantize::int16::QuantizedPoints;
    use crate::runtime::threads::with_crew;
    use crate::runtime::workspace::Owned;
    use crate::simd::level::{isa, Isa};
    use crate::simd::Level;

    /// Data and centers.
    struct Data {
        points: Vec<f64>,
        centers: Vec<f64>,
        d: usize,
    }

    const POINTS: usize = 1500;

    /// Blobs around centers.
    fn blobs(d: usize, k: usize) -> Data {
        let mut rng = Rng((d * k) as u64);
        let centers = rng.units(k * d);
        let mut points = Vec::new();
        for p in 0..POINTS {
            let center = &centers[p % k * d..][..d];
            points.extend(center.iter().map(|c| c + 0.3 * rng.unit()));
        }
        Data { points, centers, d }
    }

    impl Data {
        fn each(mut self, change: impl Fn(usize, f64) -> f64) -> Self {
            let d = self.d;
            let points = self.points.iter_mut().enumerate();
            points.for_each(|(i, x)| *x = change(i / d, *x));
            let centers = self.centers.iter_mut().enumerate();
            centers.for_each(|(i, c)| *c = change(i / d, *c));
            self
        }

        /// A row that is out of all proportion.
        fn with_a_far_row(mut self) -> Self {
            self.points[700 * self.d..701 * self.d].fill(1e30);
            self
        }

        /// Every other center nearly the one before.
        fn with_near_ties(mut self) -> Self {
            for two in self.centers.chunks_mut(2 * self.d) {
                let (a, b) = two.split_at_mut(self.d);
                b.iter_mut().zip(a).for_each(|(b, a)| *b = a.next_up());
            }
            self
        }
    }

    /// Labels all points twice, as two passes of a fit do that keeps rows or does not; returns by which method the first and the second
    /// ended, and what the second came to.
    fn passes(data: &Data, level: Isa, kept: bool) -> ([Method; 2], Counts) {
        let Data { points, centers, d } = data;
        let (d, k) = (*d, centers.len() / d);
        let shape = Shape::of_assign(POINTS, d, k, Form::default(), 1);
        let algorithm = match kept {
            true => Algorithm::Auto,
            false => Algorithm::Lloyd,
        };
        let mut memory = Owned::new(1 << 22).unwrap();
        let mut memory = memory.buffer();
        let mut quantized = QuantizedPoints::cut(&mut memory, &shape, algorithm);
        let mut packing = Packing::cut(&mut memory, &shape);
        packing.set_largest(points.iter().fold(0.0, |most, x| x.abs().max(most)));
        let mut scratch = LabelScratch::cut(&mut memory, &shape);
        let mut ends = [Method::Direct; 2];
        with_crew(1, None, |crew| {
            let job = Job {
                points: Points::rows(points, POINTS, d).unwrap(),
                weights: None,
                level: Level::new(level),
                crew,
                block: shape.block,
                stretch: shape.stretch(),
            };
            for end in &mut ends {
                let mut rows = quantized.rows();
                let prepared = packing.prepare(&job, centers, false, &rows);
                scratch.start(&prepared);
                for stretch in job.stretches() {
                    let (mut these, rest) = rows.split(stretch.len());
                    rows = rest;
                    for block in job.blocks_of(stretch) {
                        let which = Which::Block(block);
                        scratch.label(
                            &job,
                            (&which, which.len()),
                            0..0,
                            false,
                            &mut these,
                            &prepared,
                        );
                    }
                }
                *end = scratch.end().0;
                packing.record([*end].into_iter());
            }
        });
        (ends, scratch.end().1)
    }

    /// Centers are prepared from some number of points on, and a query has room for it whatever the number.
    #[test]
    fn centers_are_prepared_for_enough_points() {
        for (d, k) in [(1, 192), (2, 3), (9, 40), (64, 20_000), (784, 10)] {
            let shape = |n| Shape::of_assign(n, d, k, Form::default(), 1);
            let first = |n| Method::first(&shape(n));
            let enough = (0..200).find(|&n| first(n) != Method::Direct);
            let enough = enough.expect("200 points are enough");
            assert!(enough >= 32, "{d} {k}: {enough}");
            assert!((enough..1000).all(|n| first(n) == first(enough)), "{d} {k}");
            assert_eq!(Method::first(&shape(1).bound()), first(enough), "{d} {k}");
        }
    }

    #[test]
    fn each_kind_of_data_ends_where_it_takes_least() {
        let levels = [Isa::Portable, Isa::Avx2];
        for level in levels.into_iter().filter(|&level| level <= isa()) {
            for (d, k) in [(2, 16), (8, 32), (64, 64), (784, 10)] {
                for kept in [false, true] {
                    // What rows are not kept of is coded where there are centers enough.
                    let usual = match d {
                        64 => Method::Int16,
                        784 if kept => Method::Int16,
                        _ => Method::Single,
                    };
                    let check =
                        |kind: &str, data: Data, ends: Method, open: i64, evaluated: i64| {
                            let (result, counts) = passes(&data, level, kept);
                            let what = format!("{level:?}, {kind}, d = {d}, k = {k}, kept: {kept}");
                            assert_eq!(result, [ends; 2], "{what}");
                            assert!(counts.rechecked <= open, "{what}: {}", counts.rechecked);
                            assert!(
                                counts.evaluated <= evaluated,
                                "{what}: {}",
                                counts.evaluated
                            );
                        };
                    check("blobs", blobs(d, k), usual, 0, 0);
                    let offset = blobs(d, k).each(|_, x| x + 1e8);
                    check("offset", offset, usual, 0, 0);
                    let far = blobs(d, k).with_a_far_row();
                    check("one far row", far, usual, 1, k as i64);
                    let decades = blobs(d, k).each(|p, x| x * two_to(-(p as i32 % 40)));
                    let some = if d == 64 { POINTS as i64 / 4 } else { 0 };
                    check("decades", decades, usual, some, 4 * some);
                }
            }
        }
    }

    /// Labels are numbers of the precision, up to 2^24 in all but the last.
    #[test]
    fn labels_fit_the_precision() {
        let shape = |k| Shape::of_assign(1000, 32, k, Form::default(), 1);
        for method in [Method::Int8, Method::Int16, Method::Single] {
            assert!(method.has_room(&shape((1 << 24) - 1)), "{method:?}");
            assert!(!method.has_room(&shape(1 << 24)), "{method:?}");
        }
        assert!(Method::Double.has_room(&shape(1 << 24)));
    }

    /// In so many dimensions there is room for bytes, which AVX2 has if the CPU has AVX-VNNI, but not for words.
    #[test]
    fn a_precision_without_room_is_passed_over() {
        let data = blobs(1100, 40);
        let levels = [Isa::Portable, Isa::Avx2];
        for level in levels.into_iter().filter(|&level| level <= isa()) {
            let (ends, counts) = passes(&data, level, true);
            let expected = match Level::new(level).vectors::<i32>() {
                Some(_) => Method::Int8,
                None => Method::Single,
            };
            assert_eq!((ends, counts.rechecked), ([expected; 2], 0), "{level:?}");
        }
    }

    /// Where two centers are nearly as near, no precision proves a label. With few dimensions it takes least to evaluate D for all
    /// centers; with many, for the two.
    #[test]
    fn near_ties_end_with_two_distances_a_point_or_with_all() {
        let levels = [Isa::Portable, Isa::Avx2];
        for level in levels.into_iter().filter(|&level| level <= isa()) {
            let (ends, counts) = passes(&blobs(2, 16).with_near_ties(), level, true);
            assert_eq!(
                (ends, counts.rechecked),
                ([Method::Direct; 2], 0),
                "{level:?}"
            );
            for (d, k) in [(64, 64), (784, 10)] {
                let (ends, counts) = passes(&blobs(d, k).with_near_ties(), level, true);
                assert!(ends[1] < Method::Direct, "{level:?}, {d}: {ends:?}");
                let points = POINTS as i64;
                assert_eq!(counts.rechecked, points, "{level:?}, {d}");
                assert!(
                    (2 * points..3 * points).contains(&counts.evaluated),
                    "{level:?}, {d}"
                );
            }
        }
    }
}
