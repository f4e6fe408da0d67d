//! L2, L3, L6, L16 and L17 against exact arithmetic.

use super::*;
use crate::assign::lemmas::{
    climb, exact_squared, least_two, margin_over, over, pairs_of_centers, report, two_to, Collect,
    Given, Rng,
};
use crate::assign::panel::{sweep, Panels, Sweep};
use crate::assign::LAST_DIMENSIONS;
use crate::exact::distance::squared;
use crate::exact::rational::Exact;
use crate::simd::portable::Portable;
use crate::simd::products::{Element, PortableF32, PortableF64};
#[cfg(target_arch = "x86_64")]
use crate::simd::{
    avx2::Avx2,
    products::{Avx2F32, Avx2F64},
};
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use crate::simd::{
    neon::Neon,
    products::{NeonF32, NeonF64},
};

// --- L2: norms ---

#[test]
fn l2_norms() {
    let v = f64::EPSILON / 2.0;
    let mut worst = 0.0f64;
    for d in [1, 2, 7, 9, 100, 128, 129, 300, 1000, 4096, 70_000] {
        // The first partial sum has the rest of its chunk added, then the other partial sums, then all other chunks.
        let center: Vec<f64> = (0..d)
            .map(|i| match i {
                0 => 1.0,
                _ if i >= 128 => (0.9999 * v / 128.0).sqrt(),
                _ if i % 8 == 0 => (0.9999 * v).sqrt(),
                _ => (0.9999 * v / 128.0).sqrt(),
            })
            .collect();
        let ratio = |center: &[f64]| {
            let (mut data, mut norms) = (vec![0.0; d], [0.0]);
            let vectors = Vectors::of::<PortableF64>();
            let scaling = Scaling {
                origin: &vec![0.0; d],
                scale: 1.0,
            };
            let whole = Certificate::new::<f64>(d, 1.0, true);
            let largest =
                pack_centers::<f64>(center, &scaling, &whole, vectors, &mut data, &mut norms);
            let exact: Exact = center.iter().map(|&c| Exact::of(c).square()).sum();
            assert!(Exact::of(largest) >= exact, "the radius is too short");
            let off = (Exact::of(norms[0]) - exact.clone()).abs();
            off.over(&(Exact::of(1.06 * norm_roundings(d) as f64 * v) * exact))
        };
        worst = worst.max(climb(center, 4.0, 50_000 / (d + 100), ratio));
    }
    report("L2", worst, 0.9);
}

// --- L3, L16: the floating certificate ---

/// The results of a floating-point screen of one point.
struct Floats<E> {
    values: Vec<E>,
    /// The error bound with each center as the label.
    error_bounds: Vec<E>,
    /// |x̂|².
    left: E,
}

/// A function of a test and the values evaluated by it.
type Take<'t, E> = dyn for<'f> FnMut(&FloatTest<'f, E>, Floats<E>) + 't;

type Evaluate<E> = for<'a> fn(Given<'a>, &mut Take<'_, E>);

/// Screens a point chunk by chunk, as a pass does.
fn floats<L: Lanes, S: Screen<E: Working>>(given: Given<'_>, take: &mut Take<'_, S::E>) {
    let Given {
        x,
        centers,
        origin,
        scale,
    } = given;
    let (d, k, zero) = (x.len(), given.k(), S::E::default());
    let (mut data, mut norms) = (vec![zero; k * d], vec![zero; k]);
    let certificate = Certificate::new::<S::E>(d, scale, false);
    let scaling = Scaling { origin, scale };
    let most = pack_centers(
        centers,
        &scaling,
        &certificate,
        Vectors::of::<S>(),
        &mut data,
        &mut norms,
    );
    let test = FloatTest {
        origin,
        certificate,
        most,
        starts: &norms,
        grid: None,
        units: Units::new(d, scale),
    };
    let points = Points::rows(x, 1, d).unwrap();
    let panels = Panels {
        data: &data,
        norms: &norms,
    };
    let mut values = vec![zero; k * S::WIDTH];
    let mut elements = vec![zero; S::WIDTH * d.min(S::E::CHUNK)];
    let mut error_bounds = vec![zero; S::WIDTH];
    let mut collect = Collect(Vec::new());
    for start in (0..d).step_by(S::E::CHUNK) {
        let chunk = start..d.min(start + S::E::CHUNK);
        let tile = Tile {
            width: S::WIDTH,
            elements: &mut elements,
            error_bounds: &mut error_bounds,
            squares: &mut [],
        };
        // SAFETY: the CPU has the instruction set; there is room for a group of one chunk, and for the values of all centers.
        unsafe {
            test.pack::<L>(&points, &Which::Block(0..1), chunk.clone(), tile);
            let over = Sweep {
                groups: elements.as_ptr(),
                elements: d,
                chunk,
                values: values.as_mut_ptr(),
            };
            sweep::<S, 1, _>(&over, &panels, &mut collect, || ());
        }
    }
    let values = collect.0;
    let left = error_bounds[0];
    let error_bound = |j: usize| {
        let mut error_bound = [left];
        test.complete(&[j as i32], &[], &mut error_bound);
        error_bound[0]
    };
    let error_bounds = (0..k).map(error_bound).collect();
    take(
        &test,
        Floats {
            values,
            error_bounds,
            left,
        },
    );
}

/// Evaluation with products and sums rounded separately and, if the CPU has the instructions, fused.
fn singles() -> Vec<Evaluate<f32>> {
    let mut levels: Vec<Evaluate<f32>> = Vec::new();
    levels.push(floats::<Portable, PortableF32>);
    #[cfg(target_arch = "x86_64")]
    if crate::isa() >= crate::Isa::Avx2 {
        levels.push(floats::<Avx2, Avx2F32>);
    }
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    levels.push(floats::<Neon, NeonF32>);
    levels
}

fn doubles() -> Vec<Evaluate<f64>> {
    let mut levels: Vec<Evaluate<f64>> = Vec::new();
    levels.push(floats::<Portable, PortableF64>);
    #[cfg(target_arch = "x86_64")]
    if crate::isa() >= crate::Isa::Avx2 {
        levels.push(floats::<Avx2, Avx2F64>);
    }
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    levels.push(floats::<Neon, NeonF64>);
    levels
}

/// The largest distance of s² D - |X|² from the middle of V - η and V + r - η (L16), over half of r; the same with δ² in place of D. If r
/// is infinite: infinity if s² D - |X|² is less than V - η.
fn of_values<E: Working>(evaluate: Evaluate<E>, given: Given<'_>) -> f64 {
    let mut worst = 0.0;
    evaluate(given, &mut |test, values| {
        let Certificate {
            per_square,
            constant,
            ..
        } = test.certificate;
        let left = values.left.to_f64();
        if !left.is_finite() {
            return;
        }
        let eta = Exact::of(0.5 * (per_square * left + constant));
        let scale = Exact::of(given.scale).square();
        let square = exact_squared(given.x, given.origin);
        for (j, (value, error_bound)) in values.values.iter().zip(&values.error_bounds).enumerate()
        {
            let c = given.center(j);
            let (value, error_bound) = (value.to_f64(), error_bound.to_f64());
            assert!(value.is_finite(), "L17: {value}");
            for distance in [Exact::of(squared(given.x, c)), exact_squared(given.x, c)] {
                let exact = scale.clone() * (distance - square.clone());
                let least = Exact::of(value) - eta.clone();
                if error_bound.is_finite() {
                    let half = Exact::of(error_bound) * Exact::two_to(-1);
                    let off = (exact - least - half.clone()).abs();
                    worst = over(worst, off, &half);
                } else if exact < least {
                    worst = f64::INFINITY;
                }
            }
        }
    });
    worst
}

/// A point and a center such that every addition, right above a power of two, rounds down by nearly half an ulp, while the norm, which is
/// summed first, is rounded up by as much.
fn one_way(d: usize, u: f64) -> Vec<f64> {
    let small = (0.999 * 2.0 * u).sqrt();
    let mut c = vec![small; d];
    c[0] = 1.0;
    let x: Vec<f64> = c.iter().map(|c| -0.5 * c).collect();
    [x, c].concat()
}

fn certificate<E: Working>(levels: &[Evaluate<E>], dims: &[usize]) -> f64 {
    let mut worst = 0.0f64;
    for (turn, &d) in dims.iter().enumerate() {
        let zero = vec![0.0; d];
        for &evaluate in levels {
            let steps = 60_000 / (d + 60);
            let ratio =
                |numbers: &[f64]| of_values(evaluate, Given::of(numbers, d, Some(&zero), 1.0));
            worst = worst.max(climb(one_way(d, E::ROUNDOFF), 4.0, steps, ratio));
            // Arbitrary numbers with an origin that is rounded, too, and several centers.
            let mut rng = Rng(turn as u64);
            let scale = two_to(rng.below(40) as i32 - 20);
            let ratio = |numbers: &[f64]| of_values(evaluate, Given::of(numbers, d, None, scale));
            worst = worst.max(climb(rng.units(5 * d), 4.0, steps / 3, ratio));
        }
    }
    worst
}

/// t and r of L3 in d dimensions.
fn roundings(d: u128) -> (u128, u128) {
    let chunk = d.min(128);
    let chunks = d.div_ceil(128);
    (chunk + chunks, 1 + chunk.div_ceil(8) + 3 + chunks)
}

/// No rounding that the lemma counts is missing, not even where the bound has room for it.
#[test]
fn l3_counts_all_roundings() {
    let v = f64::EPSILON / 2.0;
    for d in [1, 2, 8, 9, 127, 128, 129, 1000, 4096, 100_000] {
        let (t, r) = roundings(d as u128);
        for (u, certificate) in [
            (two_to(-24), Certificate::new::<f32>(d, 1.0, false)),
            (v, Certificate::new::<f64>(d, 1.0, false)),
        ] {
            let golden = (1.0 + 5f64.sqrt()) / 2.0;
            let rounded = 1.06 * golden * ((t + 3) as f64 * u + (r + 3) as f64 * v);
            let least = 2.2 * (rounded + 2.0 * 1.01 * (d as f64 / 8.0 + 6.0) * v);
            let over = certificate.per_square / least;
            assert!((1.0..1.00001).contains(&over), "{d}, {u:e}: {over}");
        }
    }
}

/// The assumption of L3, in units of v / 20, and that of L1.
#[test]
fn l3_holds_up_to_these_dimensions() {
    for (last, u) in LAST_DIMENSIONS.into_iter().zip([1 << 29, 1]) {
        let holds = |d: u128| {
            let (t, r) = roundings(d);
            20 * ((t + 3) * u + r + 3) <= 1 << 53 && d <= 1 << 33
        };
        let last = last as u128;
        assert!(holds(last) && !holds(last + 1), "{last}");
    }
}

#[test]
fn l3_single_precision() {
    let worst = certificate(&singles(), &[2, 3, 5, 8, 17, 128, 129, 300, 1100]);
    report("L3, binary32", worst, 0.8);
}

#[test]
fn l3_double_precision() {
    let worst = certificate(&doubles(), &[2, 3, 5, 8, 17, 128, 129, 300, 1100, 4096]);
    report("L3, binary64", worst, 0.55);
}

/// Where products, norms and squares underflow.
#[test]
fn l3_underflow() {
    let mut rng = Rng(3);
    for d in [2, 3, 8, 17, 130] {
        for exponent in -80..-60 {
            let numbers: Vec<f64> = rng
                .units(4 * d)
                .iter()
                .map(|x| x * two_to(exponent))
                .collect();
            for evaluate in singles() {
                let worst = of_values(evaluate, Given::of(&numbers, d, None, 1.0));
                assert!(worst <= 1.0, "binary32, {d}, 2^{exponent}: {worst}");
            }
        }
        for exponent in -545..-500 {
            let numbers: Vec<f64> = rng
                .units(4 * d)
                .iter()
                .map(|x| x * two_to(exponent))
                .collect();
            for evaluate in doubles() {
                let worst = of_values(evaluate, Given::of(&numbers, d, None, 1.0));
                assert!(worst <= 1.0, "binary64, {d}, 2^{exponent}: {worst}");
            }
        }
    }
}

// --- L6: margins ---

fn of_margin<E: Working + PartialOrd>(evaluate: Evaluate<E>, given: Given<'_>, units: f64) -> f64 {
    let mut worst = 0.0;
    evaluate(given, &mut |test, values| {
        let (label, least, second) = least_two(&values.values);
        let (error_bound, left) = (values.error_bounds[label], values.left);
        let margin = Test::<E>::margin(test, least, second, error_bound, left, 0.0);
        worst = margin_over(given, units, label, margin);
    });
    worst
}

fn margins<E: Working + PartialOrd>(
    levels: &[Evaluate<E>],
    scale: f64,
    exponents: Range<i32>,
    floor: f64,
    what: &str,
) {
    let mut worst = 0.0f64;
    let mut rng = Rng(6);
    for d in [2, 3, 8, 17, 130, 300] {
        let zero = vec![0.0; d];
        for &evaluate in levels {
            let ratio = |numbers: &[f64]| {
                let given = Given::of(numbers, d, Some(&zero), scale);
                of_margin(evaluate, given, scale)
            };
            for _ in 0..2000 / (d + 20) {
                let some = exponents.start + rng.below(exponents.len()) as i32;
                let less = |rng: &mut Rng| some - rng.below(40) as i32;
                let exponents = [some - rng.below(4) as i32, less(&mut rng), less(&mut rng)];
                let numbers = pairs_of_centers(d, exponents, &mut rng);
                worst = worst.max(climb(numbers, two_to(some + 4), 20, ratio));
            }
        }
    }
    report(what, worst, floor);
}

#[test]
fn l6_margins_of_single_precision() {
    margins(&singles(), 1.0, -20..20, 0.999, "L6, binary32");
    margins(&singles(), 1.0, -76..-50, 0.5, "L6, binary32, underflow");
    let scale = two_to(400);
    margins(&singles(), scale, -420..-390, 0.999, "L6, binary32, scaled");
}

#[test]
fn l6_margins_of_double_precision() {
    margins(&doubles(), 1.0, -20..20, 0.999, "L6, binary64");
    margins(
        &doubles(),
        two_to(500),
        -540..-490,
        0.3,
        "L6, binary64, underflow",
    );
    margins(
        &doubles(),
        two_to(-400),
        395..420,
        0.999,
        "L6, binary64, large",
    );
}

// --- L17: far points and centers ---

#[test]
fn l17_far_points_and_centers() {
    let mut rng = Rng(11);
    for turn in 0..400 {
        let d = [2, 3, 17, 130][turn % 4];
        let mut numbers = rng.units(5 * d);
        // Around the limits of what is in range, and anywhere.
        for row in numbers.chunks_mut(d) {
            let exponent = match rng.below(4) {
                0 => 45 + rng.below(8) as i32,
                1 => 495 + rng.below(10) as i32,
                2 => rng.below(20) as i32 - 10,
                _ => rng.below(1000) as i32 - 500,
            };
            row.iter_mut().for_each(|x| *x *= two_to(exponent));
        }
        let zero = vec![0.0; d];
        for scale in [1.0, two_to(30), two_to(-300), two_to(500)] {
            let given = Given::of(&numbers, d, Some(&zero), scale);
            for evaluate in singles() {
                let worst = of_values(evaluate, given);
                assert!(worst <= 1.0, "binary32, {d}, {scale}: {worst}");
            }
            for evaluate in doubles() {
                let worst = of_values(evaluate, given);
                assert!(worst <= 1.0, "binary64, {d}, {scale}: {worst}");
            }
        }
    }
}
