//! Tests of the lemmas of limbs: L20 to L24 of docs/proofs.md.

use std::panic::{catch_unwind, AssertUnwindSafe};

use super::add::{accumulate, Terms};
use super::layout::{Limbs, TermFormat};
use super::size::{ending_low, needed_limbs, stride, width};
use super::split::scalar;
use super::transfer::{transfer, Moves};
use super::weights::{Heaviest, MIDDLE};
use crate::exact::binary64::{exponent, scale, LOWEST};
use crate::exact::quotient::tests::add;
use crate::exact::quotient::{Divisor, Sum};
use crate::exact::range::{lowest_bit, Range};
use crate::exact::reference as exact;
use crate::points::Rows;
use crate::simd::level::Isa;
use crate::simd::portable::Portable;
use crate::simd::Level;

const LEVELS: [Isa; 3] = [Isa::Portable, Isa::Avx2, Isa::Avx512];

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

fn range(numbers: &[f64]) -> Range {
    let positive = numbers.iter().map(|x| x.abs()).filter(|&x| x > 0.0);
    Range {
        top: positive.clone().fold(0.0, f64::max),
        low: positive.map(lowest_bit).fold(f64::INFINITY, f64::min),
    }
}

/// The limbs of one term in one dimension, and their exact sum.
fn split(n: usize, x: f64, weight: Option<f64>, of: &Limbs<'_>) -> (Vec<i64>, exact::Sum) {
    let mut sums = vec![0; of.count];
    scalar(x, weight, of, 0, sums.iter_mut(), |sum, units| {
        *sum += units;
    });
    let limbs = of.sum(&sums, 0, 0);
    let mut sum = exact::Sum::new();
    for l in 0..of.count {
        let (units, unit) = limbs.limb(l);
        assert!(units.unsigned_abs() <= 1 << width(n));
        add(&mut sum, (units, unit));
    }
    (sums.clone(), sum)
}

/// L20, L23, L24: whatever the range, limbs hold the term or the product exactly.
#[test]
fn limbs_hold_every_bit() {
    let mut state = 1;
    let mut largest = [0.0f64; 2];
    for round in 0..20_000 {
        let n = [1, 1 << 12, 1 << 17, 1 << 30, 1 << 40][round % 5];
        let spread = [1, 60, 300, 1500][round / 5 % 4];
        let mut number = |least: u64| {
            let bits = random(&mut state);
            let exponent = least + random(&mut state) % spread;
            let fraction = match bits % 4 {
                0 => bits & 1 << 40,
                1 => (1 << 52) - 1,
                2 => (1 << 52) - 1 - (bits >> 40 & 0xff),
                _ => bits & ((1 << 52) - 1),
            };
            f64::from_bits(exponent << 52 | fraction)
        };
        let x = [number(0), number(0)];
        let w = [number(5), number(5)];
        let weighted = round % 3 > 0;
        let (mut ranges, weights) = (range(&x), weighted.then(|| range(&w)));
        // As many limbs as another dimension needs, or a few more.
        let mut count = needed_limbs(n, [ranges].into_iter(), weights);
        if round % 2 == 0 {
            count += round / 2 % 3;
            ranges = ending_low(n, count, ranges, weights);
            assert!(needed_limbs(n, [ranges].into_iter(), weights) <= count);
        }
        let mut magic = vec![0.0; count];
        let limbs = Limbs::fill(
            TermFormat {
                n,
                count,
                weights,
                alone: false,
            },
            0..1,
            |_| ranges,
            &mut magic,
        );
        for (x, w) in x.into_iter().zip(w) {
            let x = if round % 2 == 0 { x } else { -x };
            let weight = weighted.then_some(w);
            let (units, sum) = split(n, x, weight, &limbs);
            let mut want = exact::Sum::new();
            want.add_product(x, weight.unwrap_or(1.0));
            assert!(exact::same(&sum, &want), "{x:e} {weight:?}: {units:?}");
            for (l, units) in units.into_iter().enumerate() {
                let bound = if l == 0 || weighted { 0 } else { 1 };
                let ratio = units.unsigned_abs() as f64 / (1u64 << (width(n) - bound)) as f64;
                largest[l.min(1)] = largest[l.min(1)].max(ratio);
            }
        }
    }
    println!("L20, L24: limbs over their bounds, the first and others: {largest:?}");
    assert!(largest.iter().all(|&ratio| 0.999 < ratio && ratio <= 1.0));
}

/// L20, L24: where limbs are skipped, rows are added to the same limbs by vectors of any width as by scalars.
#[test]
fn unused_limbs_are_skipped() {
    let mut state = 3;
    let mut skipped = [0; 8];
    for round in 0..800 {
        let d = 1 + random(&mut state) as usize % 40;
        let weighted = round % 2 == 0;
        let mut number = |decades: u64| {
            let size = scale(1.0, (random(&mut state) % (3 * decades + 1)) as i32);
            size * ((random(&mut state) >> 12) as f64 * 2f64.powi(-52) - 0.5)
        };
        // The coordinates of a row are of one size; one row is much larger; a few coordinates are zero, and some columns.
        let out = [0, 30, 60, 100, 150][round / 2 % 5];
        let rows: Vec<Vec<f64>> = (0..5)
            .map(|p| {
                let size = scale(1.0, if p == 3 { 3 * out } else { 0 });
                let zero = |i: usize| (i + p).is_multiple_of(7) || i % 11 == 5;
                let at = |i| if zero(i) { 0.0 } else { size * number(1) };
                (0..d).map(at).collect()
            })
            .collect();
        let weights: Vec<f64> = (0..5).map(|_| number(20).abs()).collect();
        let n = [5, 1 << 15, 1 << 30][round / 10 % 3];
        let ranges: Vec<_> = (0..d)
            .map(|i| range(&rows.iter().map(|row| row[i]).collect::<Vec<_>>()))
            .collect();
        let heavy = weighted.then(|| range(&weights));
        let count = needed_limbs(n, ranges.iter().copied(), heavy);
        let each = |i: usize| ending_low(n, count, ranges[i], heavy);
        let mut magic = vec![0.0; count * stride(d)];
        let format = TermFormat {
            n,
            count,
            weights: heavy,
            alone: false,
        };
        let limbs = Limbs::fill(format, 0..d, each, &mut magic);
        let all: Vec<f64> = rows.concat();
        let labels = [0, 1, 0, 1, 0];
        let weights = weighted.then_some(&weights[..]);
        let mut sums = vec![0; 2 * limbs.words()];
        let mut counts = [0; 2];
        let level = Level::new(LEVELS[round % 3]);
        let terms = Terms {
            rows: Rows::new(&all, d),
            weights,
            labels: &labels,
            limbs: &limbs,
        };
        accumulate(level, terms, &mut sums, Some(&mut counts));
        let check = |sums: &[i64], members: &[i64], which: &dyn Fn(usize) -> usize| {
            // Nothing of the row behind is added to the padding.
            for of in sums.chunks_exact(stride(d)) {
                assert!(of[d..].iter().all(|&padding| padding == 0));
            }
            for j in 0..2 {
                for i in 0..d {
                    let of = limbs.sum(&sums[j * limbs.words()..], i, members[j]);
                    let (mut got, mut want) = (exact::Sum::new(), exact::Sum::new());
                    (0..count).for_each(|l| add(&mut got, of.limb(l)));
                    for p in (0..5).filter(|&p| which(p) == j) {
                        want.add_product(all[p * d + i], weights.map_or(1.0, |w| w[p]));
                    }
                    assert!(exact::same(&got, &want), "round {round}: {d} {count} {i}");
                }
            }
        };
        check(&sums, &[3, 2], &|p| labels[p] as usize);
        let moves = Moves {
            points: &[3, 0],
            from: &[1, 0],
            to: &[0, 1],
        };
        let moving = Rows::new(&all, d);
        transfer(level, moving, weights, &moves, &limbs, &mut sums);
        check(&sums, &[3, 2], &|p| [1, 1, 0, 0, 0][p]);
        if let (None, true) = (weights, d > 2) {
            for row in &rows {
                // SAFETY: portable lanes need no instructions; the row has d dimensions.
                let first = unsafe { limbs.first_used::<Portable>(row, None, &(0..d), count) };
                skipped[first.min(7)] += 1;
            }
        }
    }
    println!("L20: first limbs of rows: {skipped:?}");
    assert!(skipped[0] > 200 && skipped[3] > 200 && skipped[6..].iter().sum::<i32>() > 200);
}

/// L22, L24: rows so light that all limbs but the last lie before theirs.
#[test]
fn light_rows_have_bits_in_the_last_limb_alone() {
    for (isa, d) in LEVELS
        .into_iter()
        .flat_map(|isa| [1, 2, 3, 8, 16].map(|d| (isa, d)))
    {
        let (rows, weights) = (vec![1.0; 2 * d], [1.0, scale(1.0, -150)]);
        let (of, heavy) = (range(&rows), Some(range(&weights)));
        let count = needed_limbs(2, [of].into_iter(), heavy);
        assert_eq!(count, 150 / width(2) as usize + 1);
        let mut magic = vec![0.0; count * stride(d)];
        let format = TermFormat {
            n: 2,
            count,
            weights: heavy,
            alone: false,
        };
        let limbs = Limbs::fill(format, 0..d, |_| of, &mut magic);
        let mut sums = vec![0; limbs.words()];
        let terms = Terms {
            rows: Rows::new(&rows, d),
            weights: Some(&weights),
            labels: &[0, 0],
            limbs: &limbs,
        };
        accumulate(Level::new(isa), terms, &mut sums, Some(&mut [0]));
        for i in 0..d {
            let of = limbs.sum(&sums, i, 2);
            let (mut got, mut want) = (exact::Sum::new(), exact::Sum::new());
            (0..count).for_each(|l| add(&mut got, of.limb(l)));
            weights.iter().for_each(|&w| want.add_product(1.0, w));
            assert!(exact::same(&got, &want), "{isa:?} {d} {i}");
        }
    }
}

/// Means in floating point have no more than two limbs; others are quotients of all limbs (L49).
#[test]
fn means_of_any_number_of_limbs() {
    let (n, d) = (5, 3);
    for count in 1..=5 {
        // Row l has bits in limb l alone.
        let rows: Vec<f64> = (0..count * d)
            .map(|at| scale(101.0 + at as f64, -50 * (at / d) as i32))
            .collect();
        let of = Range {
            top: 128.0,
            low: scale(1.0, 8 - 50 * count as i32),
        };
        let mut magic = vec![0.0; count * stride(d)];
        let format = TermFormat {
            n,
            count,
            weights: None,
            alone: false,
        };
        let limbs = Limbs::fill(format, 0..d, |_| of, &mut magic);
        let mut sums = vec![0; limbs.words()];
        let terms = Terms {
            rows: Rows::new(&rows, d),
            weights: None,
            labels: &[0; 5],
            limbs: &limbs,
        };
        accumulate(Level::new(Isa::Avx512), terms, &mut sums, Some(&mut [0]));
        let members = count as i64;
        let (mut got, mut want) = ([0.0; 3], [0.0; 3]);
        limbs.means_of_members(&sums, members, &mut got);
        let divisor = Divisor::new(Sum::new(1, |_| (members, 0)));
        limbs.means(&sums, members, &divisor, &mut want);
        assert_eq!(got, want, "{count} limbs");
    }
}

/// Kernels write where labels point: more counts than sums, and labels that have none, are refused.
#[test]
fn labels_without_sums_are_refused() {
    let (d, k) = (3, 2);
    let (rows, level) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], Level::new(Isa::Avx512));
    let format = TermFormat {
        n: 2,
        count: 1,
        weights: None,
        alone: false,
    };
    let mut magic = [0.0; 4];
    let limbs = Limbs::fill(format, 0..d, |_| range(&rows), &mut magic);
    let refused = |call: &dyn Fn(&mut [i64])| {
        // The memory goes on behind the sums.
        let mut memory = vec![0; 9 * limbs.words()];
        let sums = &mut memory[..k * limbs.words()];
        catch_unwind(AssertUnwindSafe(|| call(sums))).is_err()
    };
    let adding = |labels: [i32; 2], counts: Option<usize>| {
        refused(&|sums| {
            let mut counts = counts.map(|count| vec![0; count]);
            let terms = Terms {
                rows: Rows::new(&rows, d),
                weights: None,
                labels: &labels,
                limbs: &limbs,
            };
            accumulate(level, terms, sums, counts.as_deref_mut());
        })
    };
    let moving = |from: [i32; 2], to: [i32; 2]| {
        refused(&|sums| {
            let moves = Moves {
                points: &[0, 1],
                from: &from,
                to: &to,
            };
            transfer(level, Rows::new(&rows, d), None, &moves, &limbs, sums);
        })
    };
    assert!(!adding([0, 1], None) && !adding([0, 1], Some(k)));
    assert!(adding([0, 2], None) && adding([0, 1], Some(k + 1)));
    assert!(!moving([0, 1], [1, 0]));
    assert!(moving([0, 2], [1, 0]) && moving([0, 1], [1, 2]));
}

/// L21: the largest number of limbs, each as large as possible.
#[test]
fn sums_stay_within_2_to_the_62() {
    for log in 0..=40 {
        for n in [(1u64 << log) - 1, 1 << log, (1 << log) + 1] {
            let n = n.clamp(1, 1 << 40);
            let sum = u128::from(n) << width(n as usize);
            assert!(sum <= 1 << 62, "{n}");
            assert!(log < 12 || sum > 1 << 60, "{n}");
        }
    }
}

/// L22: weights are brought next to the heaviest exactly.
#[test]
fn weights_are_placed_exactly() {
    let mut least = f64::INFINITY;
    for n in [1, 1 << 13, 1 << 20, 1 << 40] {
        let width = width(n);
        for heaviest in [
            5e-324,
            1e-310,
            1e-200,
            1.0,
            3.0,
            1e300,
            1.9 * 2f64.powi(1019),
        ] {
            let place = Heaviest::new(heaviest, n);
            for below in 0..exponent(heaviest) - LOWEST + 1 {
                let top = scale(1.0, exponent(heaviest) - below);
                for weight in [top, (2.0 * top).next_down()] {
                    if weight > heaviest {
                        continue;
                    }
                    let placed = place.place(weight);
                    let (placed, before) = (placed.weight, placed.limbs_before);
                    assert_eq!(before as i32, below / width);
                    let back = exponent(heaviest) - MIDDLE - before as i32 * width;
                    assert_eq!(scale(scale(placed, -MIDDLE), back + MIDDLE), weight);
                    least = least.min(placed);
                }
            }
        }
    }
    println!("L22: the least weight placed is 2^{}", exponent(least));
    assert_eq!(exponent(least), MIDDLE - 49);
}
