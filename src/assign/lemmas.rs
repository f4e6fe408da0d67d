//! Tools for testing the lemmas against exact arithmetic, and the tests of L1, L8 and L9; the other tests are beside the code that they
//! are about. Each test searches for inputs whose error comes nearest to the bound of the lemma, from inputs built for this, and prints the
//! largest ratio of measured error to bound.
//!
//! The errors measured are those of the library's own code: points and centers are coded, evaluated and tested by the functions that a
//! pass uses.

use super::bounds::losses_of_moves;
use super::margin::Units;
use super::panel::Receive;
use super::sorted::{self, Sorted};
use crate::exact::distance::{squared, DistanceError};
use crate::exact::rational::Exact;
use crate::quantize::sample::scale_of;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use crate::simd::neon::Neon;
use crate::simd::portable::Portable;
use crate::simd::products::Screen;
#[cfg(target_arch = "x86_64")]
use crate::simd::{avx2::Avx2, avx512::Avx512};
use crate::simd::{Lanes, FEW_LOSSES};

/// 2^exponent.
pub(crate) fn two_to(exponent: i32) -> f64 {
    Exact::two_to(exponent.into()).about()
}

/// A counter-based generator.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.0;
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
    /// From -1 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * two_to(-52) - 1.0
    }
    pub(crate) fn units(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.unit()).collect()
    }
}

/// Climbs to the worst ratio near some numbers: changes a few of them at a time, by ulps, by one bit or by a factor, and keeps a change
/// unless it makes the ratio less. No number becomes greater than `most` in magnitude.
pub(crate) fn climb(
    start: Vec<f64>,
    most: f64,
    steps: usize,
    ratio: impl Fn(&[f64]) -> f64,
) -> f64 {
    let mut rng = Rng(start.len() as u64);
    let (mut at, mut worst) = (start, 0.0f64);
    worst = worst.max(ratio(&at));
    for _ in 0..steps {
        let mut next = at.clone();
        for _ in 0..=rng.below(3) {
            let i = rng.below(next.len());
            let x = next[i];
            let changed = match rng.below(8) {
                0 => x.next_up(),
                1 => x.next_down(),
                2 => f64::from_bits(x.to_bits() ^ 1 << rng.below(52)),
                3 => -x,
                4 => x * [0.5, 2.0][rng.below(2)],
                5 => next[rng.below(next.len())],
                6 => x * (1.0 + rng.unit() * two_to(-(rng.below(30) as i32))),
                _ => x + rng.unit() * two_to(-(rng.below(60) as i32)),
            };
            if changed.abs() <= most {
                next[i] = changed;
            }
        }
        let here = ratio(&next);
        if here >= worst {
            (at, worst) = (next, here);
        }
    }
    worst
}

/// Prints a worst ratio, and checks that it is at most 1 and at least `floor`, near the value measured when the test was written.
pub(crate) fn report(what: &str, worst: f64, floor: f64) {
    println!("{what}: worst measured / bound {worst:.5}");
    assert!(worst <= 1.0, "{what}: {worst}, beyond the bound");
    assert!(worst >= floor, "{what}: {worst}, less than {floor}");
}

/// |x - c|², exact.
pub(crate) fn exact_squared(x: &[f64], c: &[f64]) -> Exact {
    let terms = x.iter().zip(c);
    terms
        .map(|(&x, &c)| (Exact::of(x) - Exact::of(c)).square())
        .sum()
}

/// The larger of a number and the next exact one over a bound.
pub(crate) fn over(worst: f64, measured: Exact, bound: &Exact) -> f64 {
    worst.max(measured.over(bound))
}

// --- Tools for the lemmas of several precisions ---

/// A point, centers, an origin and a scale.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) x: &'a [f64],
    pub(crate) centers: &'a [f64],
    pub(crate) origin: &'a [f64],
    pub(crate) scale: f64,
}

impl<'a> Given<'a> {
    /// The numbers of a point, then of the origin unless it is given, then of the centers.
    pub(crate) fn of(numbers: &'a [f64], d: usize, origin: Option<&'a [f64]>, scale: f64) -> Self {
        let (x, rest) = numbers.split_at(d);
        let (origin, centers) = match origin {
            Some(origin) => (origin, rest),
            None => rest.split_at(d),
        };
        Given {
            x,
            centers,
            origin,
            scale,
        }
    }
    pub(crate) fn k(&self) -> usize {
        self.centers.len() / self.x.len()
    }
    pub(crate) fn center(&self, j: usize) -> &'a [f64] {
        &self.centers[j * self.x.len()..][..self.x.len()]
    }
}

/// Takes the values of the first point.
pub(crate) struct Collect<E>(pub(crate) Vec<E>);

impl<S: Screen> Receive<S, 1> for Collect<S::E> {
    unsafe fn receive(&mut self, _: usize, values: &[S::V; 1]) {
        let mut lanes = [S::E::default(); 16];
        // SAFETY: there is room for the widest vector, and the caller has the instruction set.
        unsafe { S::store(lanes.as_mut_ptr(), values[0]) };
        self.0.push(lanes[0]);
    }
}

/// s δ_b - (1 + α) s δ_a - w, for the label a and the nearest other b.
fn gap(given: Given<'_>, units: f64, label: usize) -> Exact {
    let d = given.x.len();
    let root = |j: usize| exact_squared(given.x, given.center(j)).root();
    let others = (0..given.k()).filter(|&j| j != label).map(root);
    let near = others.reduce(|a, b| if a < b { a } else { b }).unwrap();
    let own = root(label) * (Exact::whole(1) + Exact::two_to(-22));
    let absolute = Exact::of(DistanceError::new(d).absolute);
    let least = (Exact::whole(3) * absolute).root();
    Exact::of(units) * (near - own - least)
}

/// A margin over the exact gap that it bounds from below; 0 if the margin is not positive.
pub(crate) fn margin_over(given: Given<'_>, units: f64, label: usize, margin: f32) -> f64 {
    if margin.is_nan() || margin <= 0.0 {
        return 0.0;
    }
    let gap = gap(given, units, label);
    match gap > Exact::ZERO {
        true => Exact::of(margin.into()).over(&gap),
        false => f64::INFINITY,
    }
}

pub(crate) fn least_two<T: Copy + PartialOrd>(values: &[T]) -> (usize, T, T) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].partial_cmp(&values[b]).unwrap());
    (order[0], values[order[0]], values[order[1]])
}

/// Two centers and a point, of magnitudes chosen by `exponents`; the point is mostly near one of them.
pub(crate) fn pairs_of_centers(d: usize, exponents: [i32; 3], rng: &mut Rng) -> Vec<f64> {
    let offset = rng.units(d);
    let mut numbers = Vec::new();
    let near = rng.below(2) as f64;
    let c = rng.units(2 * d);
    for i in 0..d {
        let noise = rng.unit() * two_to(exponents[2]);
        numbers.push(offset[i] * two_to(exponents[0]) + near * c[i] * two_to(exponents[1]) + noise);
    }
    for (at, c) in c.iter().enumerate() {
        numbers.push(offset[at % d] * two_to(exponents[0]) + c * two_to(exponents[1]));
    }
    numbers
}

// --- L1: D ---

fn of_definition(x: &[f64], c: &[f64]) -> f64 {
    let (exact, d) = (exact_squared(x, c), x.len());
    let off = (Exact::of(squared(x, c)) - exact.clone()).abs();
    let DistanceError { relative, absolute } = DistanceError::new(d);
    off.over(&(Exact::of(relative) * exact + Exact::of(absolute)))
}

#[test]
fn l1_definition() {
    let v = f64::EPSILON / 2.0;
    let mut worst = 0.0f64;
    for d in [1, 2, 5, 8, 9, 16, 17, 64, 800, 1601] {
        // One partial sum, each addition of which rounds by nearly half an ulp; then all of them.
        for every in [8, 1] {
            let x: Vec<f64> = (0..d)
                .map(|i| match i {
                    0 => 1.0,
                    _ if i % every == 0 => (0.9999 * v).sqrt(),
                    _ => 0.0,
                })
                .collect();
            let mut start = [x, vec![0.0; d]].concat();
            start[d] = -0.9999 * v;
            let steps = 100_000 / (d + 50);
            let here = climb(start, 4.0, steps, |xc| of_definition(&xc[..d], &xc[d..]));
            worst = worst.max(here);
        }
    }
    report("L1, relative", worst, 0.95);
    let mut worst = 0.0f64;
    for d in [1, 2, 8, 9, 100, 1000] {
        let x = vec![(0.49999f64).sqrt() * two_to(-537); d];
        let here = climb([x, vec![0.0; d]].concat(), two_to(-530), 50, |xc| {
            of_definition(&xc[..d], &xc[d..])
        });
        worst = worst.max(here);
    }
    report("L1, underflow", worst, 0.95);
}

// --- L8: losses and decay ---

#[test]
fn l8_losses() {
    let mut worst = 0.0f64;
    let mut rng = Rng(8);
    for d in [1, 2, 9, 300] {
        for exponent in [0, -530, -537, -539, 500] {
            for k in [1, 2, 3, 5] {
                let units = Units::new(d, scale_of(two_to(exponent + 1)));
                let old: Vec<f64> = rng
                    .units(k * d)
                    .iter()
                    .map(|x| x * two_to(exponent))
                    .collect();
                let new: Vec<f64> = old
                    .iter()
                    .map(|x| {
                        let far = two_to(exponent - rng.below(50) as i32);
                        [*x, x + far * rng.unit(), x.next_up()][rng.below(3)]
                    })
                    .collect();
                let mut losses = vec![0.0f32; k];
                losses_of_moves(&mut losses, &new, &old, d, units, |_| ());
                let moves: Vec<Exact> = (0..k)
                    .map(|j| exact_squared(&new[j * d..][..d], &old[j * d..][..d]).root())
                    .collect();
                for (j, &loss) in losses.iter().enumerate() {
                    let others = moves.iter().enumerate().filter(|(i, _)| *i != j);
                    let others = others.map(|(_, far)| far.clone());
                    let most = others.fold(Exact::ZERO, |a, b| if a < b { b } else { a });
                    let own = (Exact::whole(1) + Exact::two_to(-22)) * moves[j].clone();
                    let exact = Exact::of(units.scale) * (own + most);
                    match exact.is_zero() {
                        true => assert_eq!(loss, 0.0),
                        false => worst = over(worst, exact, &Exact::of(loss.into())),
                    }
                }
            }
        }
    }
    report("L8, losses", worst, 0.99999);
}

type Decay = unsafe fn(*mut f32, *const i32, *const f32) -> u32;

fn decays() -> Vec<Decay> {
    let mut decays: Vec<Decay> = vec![Portable::decay, Portable::decay_few];
    #[cfg(target_arch = "x86_64")]
    {
        if crate::isa() >= crate::Isa::Avx2 {
            decays.extend([Avx2::decay as Decay, Avx2::decay_few]);
        }
        if crate::isa() >= crate::Isa::Avx512 {
            decays.extend([Avx512::decay as Decay, Avx512::decay_few]);
        }
    }
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    decays.extend([Neon::decay as Decay, Neon::decay_few]);
    decays
}

#[test]
fn l8_decay() {
    let mut worst = 0.0f64;
    let mut rng = Rng(8);
    for _ in 0..4000 {
        let number = |rng: &mut Rng| {
            let most = [0x7f00_0000, 0x0100_0000, 0x10][rng.below(3)];
            f32::from_bits(rng.next() as u32 % most)
        };
        let before: [f32; 16] = core::array::from_fn(|_| number(&mut rng));
        let mut losses = [f32::NAN; FEW_LOSSES];
        let labels: [i32; 16] = core::array::from_fn(|l| (8 * l + rng.below(8)) as i32);
        for (l, &label) in labels.iter().enumerate() {
            losses[label as usize] = match rng.below(3) {
                0 => before[l] * (1.0 + rng.unit() as f32 * 1e-6),
                1 => before[l] * rng.unit().abs() as f32,
                _ => number(&mut rng),
            };
        }
        let mut first = None;
        for decay in decays() {
            let mut margins = before;
            // SAFETY: sixteen margins and labels, which are indices of losses, all of which may be read; the CPU has the instruction set.
            let used_up = unsafe { decay(margins.as_mut_ptr(), labels.as_ptr(), losses.as_ptr()) };
            for l in 0..16 {
                assert_eq!(used_up >> l & 1 == 0, margins[l] > 0.0);
                let loss = losses[labels[l] as usize];
                let exact = Exact::of(before[l].into()) - Exact::of(loss.into());
                if margins[l] > 0.0 {
                    assert!(exact > Exact::ZERO);
                    worst = over(worst, Exact::of(margins[l].into()), &exact);
                }
            }
            assert_eq!(*first.get_or_insert(margins), margins);
        }
    }
    report("L8, decay", worst, 0.9999);
}

// --- L9: a search among sorted centers ---

#[test]
fn l9_sorted() {
    let mut rng = Rng(9);
    for turn in 0..60 {
        let k = 1 + rng.below(40);
        let far = two_to([0, 60, -537, 300][turn % 4]);
        let centers: Vec<f64> = (0..k)
            .map(|_| match rng.below(4) {
                0 => far * rng.below(5) as f64,
                1 => (far * rng.unit()).next_up(),
                2 => -0.0,
                _ => rng.unit(),
            })
            .collect();
        let x: Vec<f64> = (0..50)
            .map(|_| match rng.below(3) {
                0 => centers[rng.below(k)].next_up(),
                1 => 0.5 * (centers[rng.below(k)] + centers[rng.below(k)]),
                _ => far * rng.unit(),
            })
            .collect();
        let (mut values, mut indices) = (vec![0.0; k], vec![0; sorted::indices(k)]);
        let mut labels = vec![0; x.len()];
        Sorted::new(&centers, &mut values, &mut indices).nearest(&x, &mut labels);
        for (x, label) in x.iter().zip(labels) {
            let distance = |j: &usize| squared(&[*x], &centers[*j..][..1]);
            let least = (0..k).map(|j| distance(&j)).fold(f64::INFINITY, f64::min);
            let nearest = (0..k).find(|j| distance(j) == least);
            assert_eq!(Some(label as usize), nearest, "{x:e} among {centers:?}");
            // D does not decrease where the exact distance does not.
            let mut order: Vec<usize> = (0..k).collect();
            let exact = |j: usize| exact_squared(&[*x], &centers[j..][..1]);
            order.sort_by(|&a, &b| exact(a).partial_cmp(&exact(b)).unwrap());
            assert!(order
                .windows(2)
                .all(|two| distance(&two[0]) <= distance(&two[1])));
        }
    }
}
