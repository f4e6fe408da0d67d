//! Sums are exact and rounded once: over many limbs, through cancellation, down to subnormals, and with weights of
//! any size.

mod harness;
mod options;
mod reference;

use harness::data::*;
use harness::*;
use options::Options;

/// Sums for which doubles are far too short: many limbs, exact cancellation, a subnormal that must survive 1e150.
#[test]
fn exact_sums() {
    let mut bad = Bad::default();
    let tiny = 5e-324;
    let columns: &[(&str, &[f64])] = &[
        ("a subnormal beside 1e150", &[1e150, tiny, -1e150]),
        ("three magnitudes", &[1e30, 1.0, 1e-30, -1e30, -1.0]),
        ("nothing is left", &[1e150, -1e150, 1e-150, -1e-150]),
        (
            "a tie and its breaker",
            &[1.0, 1.1102230246251565e-16, tiny],
        ),
        (
            "a tie and its breaker from below",
            &[1.0, 1.1102230246251565e-16, -tiny],
        ),
        ("negative zeros", &[-0.0, -0.0]),
        (
            "all the bits of a double",
            &[
                f64::from_bits(0x3fff_ffff_ffff_ffff),
                f64::from_bits(0x4340_0000_0000_0001),
            ],
        ),
        (
            "large odd integers",
            &[9007199254740991.0, 9007199254740989.0, -3.0, 0.5],
        ),
        (
            "powers of two",
            &[
                two_to(-1074),
                two_to(-500),
                two_to(0),
                two_to(300),
                two_to(500),
            ],
        ),
        (
            "largest mantissas",
            &[
                1.9999999999999998,
                1.9999999999999998 * two_to(52),
                1.9999999999999998 * two_to(-52),
            ],
        ),
        ("nearly the largest legal", &[3e152, 3e152, 3e152, -5e-324]),
    ];
    for (name, terms) in columns {
        for copies in [1, 2, 3, 100, 700] {
            let ways = if copies < 4 { all_ways() } else { few_ways() };
            for &d in if copies < 100 {
                &[1, 3, 8, 11][..]
            } else {
                &[2]
            } {
                // Dimension i holds the terms rotated by i, so that each has its own order but the same range.
                let n = terms.len() * copies;
                let x: Vec<f64> = (0..n * d)
                    .map(|c| terms[(c / d + c % d) % terms.len()])
                    .collect();
                let plain = Case::new(format!("{name}, {copies} times"), d, x, vec![0.0; d]);
                plain.check(KEEP.at_most(2), &ways, &mut bad);
                plain
                    .weighted("tenths", vec![0.1; n])
                    .check(KEEP.at_most(2), &ways, &mut bad);
            }
        }
    }
    // One dimension with a huge range must not disturb its neighbours, nor they it.
    let mut rng = Rng(8);
    for d in [2, 4, 8, 9, 20] {
        let mut x = fill(BELL, 500 * d, &mut rng);
        (0..500).for_each(|p| x[p * d + p % 2] = [1e150, tiny, -1e150, 1e-160, 0.25][p % 5]);
        let start = distinct(&x, d, 6, &mut rng);
        Case::new("one wide dimension", d, x, start).check(KEEP, &few_ways(), &mut bad);
    }
}

/// The mean of zeros is +0.0, whatever their signs; a negative sum that underflows when divided is -0.0.
#[test]
fn signs_of_zero() {
    for (x, want) in [
        (vec![-0.0], 0.0f64),
        (vec![-0.0, 0.0, -0.0], 0.0),
        (vec![1.5, -1.5], 0.0),
        (vec![-5e-324, 0.0, 0.0], -0.0),
        (vec![-5e-324, -5e-324, -0.0], -5e-324),
    ] {
        let n = x.len();
        for way in all_ways() {
            let stored = Stored::new(&x, 1, way.copy);
            let options = Options {
                isa: way.isa,
                threads: way.threads,
                ..Default::default()
            };
            let mut centers = [7.0];
            options::update(&stored.points(), &vec![0; n], &mut centers, &options).unwrap();
            assert_eq!(
                centers[0].to_bits(),
                want.to_bits(),
                "{x:?} along {way:?}: {:e}",
                centers[0]
            );
        }
    }
}

/// Weights far from one, wherever the products and sums stay legal; and weights so small that a product is less than any
/// double.
#[test]
fn weights_of_all_sizes() {
    let ways = all_ways();
    let mut bad = Bad::default();
    let mut rng = Rng(9);
    let kinds: [Kind; 5] = [
        ("1e-300 to 1e300", |r| 10f64.powi((r % 601) as i32 - 300)),
        ("1e300", |r| 1e300 * (1.0 + (r % 9) as f64)),
        ("1e-300", |r| 1e-300 * (r % 9) as f64),
        ("few subnormals", |r| (r % 4) as f64 * 5e-324),
        ("1e300 and 5e-324", |r| [1e300, 5e-324][(r % 2) as usize]),
    ];
    for of in kinds {
        for kind in [
            BELL,
            GRID,
            ("halves", |r| (r % 5) as f64 * 0.5 - 1.0),
            KINDS[5],
            KINDS[15],
            KINDS[17],
        ] {
            for (n, d, k) in [
                (7, 1, 2),
                (40, 2, 6),
                (120, 9, 12),
                (600, 3, 5),
                (80, 20, 17),
            ] {
                let x = fill(kind, n * d, &mut rng);
                let start = drawn(&x, d, k, &mut rng);
                let case = Case::new(kind.0, d, x, start).weighted(of.0, weigh(of, n, &mut rng));
                case.check([RELOCATE, KEEP][n % 2].at_most(15), &ways, &mut bad);
            }
        }
    }
}

/// Sums of the largest legal squared distances: still a double, and beyond the largest one.
#[test]
fn inertia_beyond_the_largest_double() {
    let mut bad = Bad::default();
    for (n, finite) in [(2, true), (34, true), (36, false), (300, false)] {
        let x: Vec<f64> = (0..n)
            .map(|p| if p % 2 == 0 { 1.6e153 } else { -1.6e153 })
            .collect();
        let case = Case::new("huge inertia", 1, x, vec![-1.6e153]);
        let run = case
            .check_fit(KEEP.at_most(0), &all_ways(), &mut bad)
            .unwrap();
        assert_eq!(run.inertia.is_finite(), finite);
        case.check(KEEP, &all_ways(), &mut bad);
    }
}
