//! The oracle's own tests: before anything is compared with it, its sums are compared with school arithmetic on
//! integers, and its definitions with values worked out by hand.

mod reference;
use reference::*;

fn bits(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

fn shewchuk(values: &[f64]) -> f64 {
    let mut sum = ExactSum::default();
    values.iter().for_each(|value| sum.add(*value));
    sum.rounded()
}

/// (terms, their exact sum rounded once), chosen where a careless last step goes wrong.
#[test]
fn sums_by_hand() {
    let tiny = f64::from_bits(1);
    let table: &[(&[f64], f64)] = &[
        (&[], 0.0),
        (&[-0.0, -0.0], 0.0),
        (&[1e16, 1.0, -1e16], 1.0),
        (&[1e100, 1.0, -1e100, 1e-300], 1.0),
        (&[1.0, f64::EPSILON / 2.0], 1.0),
        (&[1.0, f64::EPSILON / 2.0, tiny], 1.0 + f64::EPSILON),
        (&[1.0, f64::EPSILON / 2.0, -tiny], 1.0),
        (&[-1.0, -f64::EPSILON / 2.0, -tiny], -1.0 - f64::EPSILON),
        (
            &[1.0 + f64::EPSILON, f64::EPSILON / 2.0],
            1.0 + 2.0 * f64::EPSILON,
        ),
        (
            &[1.0 + f64::EPSILON, f64::EPSILON / 2.0, -tiny],
            1.0 + f64::EPSILON,
        ),
        (&[1.0, -f64::EPSILON / 4.0], 1.0),
        (&[1.0, -f64::EPSILON / 4.0, -tiny], 1.0 - f64::EPSILON / 2.0),
        (&[tiny, tiny, -tiny], tiny),
        (&[1e150, tiny, -1e150], tiny),
        (&[f64::MIN_POSITIVE, -tiny], f64::MIN_POSITIVE - tiny),
        (&[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 1.0),
        (&[f64::MAX, -f64::MAX, 3.0], 3.0),
    ];
    for (terms, want) in table {
        for (how, got) in [
            ("parts", shewchuk(terms)),
            ("integers", sum_by_integers(terms)),
        ] {
            assert_eq!(
                got.to_bits(),
                want.to_bits(),
                "{how} of {terms:?}: {got:e}, not {want:e}"
            );
        }
    }
    assert_eq!(sum_by_integers(&[f64::MAX, f64::MAX]), f64::INFINITY);
    assert_eq!(sum_by_integers(&[-f64::MAX, -f64::MAX]), f64::NEG_INFINITY);
    assert_eq!(sum_by_integers(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
    assert_eq!(sum_by_integers(&[f64::MAX, 2.0f64.powi(969)]), f64::MAX);
    assert_eq!(
        sum_by_integers(&[f64::MAX, 2.0f64.powi(970)]),
        f64::INFINITY
    );
}

#[test]
fn sums_by_two_arithmetics() {
    let mut state = 1;
    for round in 0..60_000u64 {
        let spread = [1, 3, 60, 110, 900, 2000][round as usize % 6];
        let base = bits(&mut state) % (2000 - spread + 1);
        let mut terms: Vec<f64> = (0..1 + bits(&mut state) % 12)
            .map(|_| {
                let random = bits(&mut state);
                let exponent = base + bits(&mut state) % spread;
                // Few fraction bits half of the time: ties and exact cancellation are then common.
                let fraction = random >> 12
                    & if random & 1 == 0 {
                        !0
                    } else {
                        0x000e_0000_0000_0007
                    };
                f64::from_bits(random & 1 << 63 | exponent << 52 | fraction)
            })
            .collect();
        if round % 3 == 0 {
            let again = terms[0];
            terms.extend([
                -again,
                again / 2.0,
                -again / 4.0,
                f64::from_bits(again.to_bits() ^ 1 << 63 ^ 1),
            ]);
        }
        let (parts, integers) = (shewchuk(&terms), sum_by_integers(&terms));
        assert_eq!(
            parts.to_bits(),
            integers.to_bits(),
            "{parts:e} and {integers:e} for {terms:e}",
            terms = Listed(&terms)
        );
        if terms.len() == 2 {
            assert_eq!(integers, terms[0] + terms[1], "{terms:?}");
        }
    }
}

#[test]
fn definitions_by_hand() {
    // 2^54 swallows every 1 added to it alone; only ones that meet in other lanes first (3, to even: 4) are felt.
    let big = 2.0f64.powi(27);
    assert_eq!(
        squared(&[big, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0], &[0.0; 9]),
        big * big + 4.0
    );
    assert_eq!(
        squared(&[big, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0], &[0.0; 9]),
        big * big
    );
    assert_eq!(label(&[0.5], &[9.0, 1.0, 0.0, 1.0]), (1, 0.25));

    // Two empty clusters at once: 0 is farthest from 7, then 1. From 4.5 it is 0 and 9, a tie.
    let x = [0.0, 1.0, 2.0, 9.0, 3.0];
    let (centers, counts) = means(&x, 1, None, &[0; 5], &[7.0, 8.0, 9.0], Empty::Relocate).unwrap();
    assert_eq!(
        (centers, counts),
        (vec![14.0 / 3.0, 0.0, 1.0], vec![3, 1, 1])
    );
    let (centers, counts) = means(&x, 1, None, &[1; 5], &[7.0, 4.5, 9.0], Empty::Relocate).unwrap();
    assert_eq!((centers, counts), (vec![0.0, 2.0, 9.0], vec![1, 3, 1]));
    // 9 and 3 are farthest from their center, but one of them must stay; no point is moved that lies on its center.
    let (centers, counts) = means(
        &x,
        1,
        None,
        &[0, 0, 0, 3, 3],
        &[0.0, 8.0, 9.0, 90.0],
        Empty::Relocate,
    )
    .unwrap();
    assert_eq!(
        (centers, counts),
        (vec![0.5, 3.0, 2.0, 9.0], vec![2, 1, 1, 1])
    );
    let (centers, counts) = means(
        &[4.0; 3],
        1,
        None,
        &[2, 2, 2],
        &[0.0, 8.0, 4.0],
        Empty::Relocate,
    )
    .unwrap();
    assert_eq!((centers, counts), (vec![0.0, 8.0, 4.0], vec![0, 0, 3]));
    assert_eq!(
        means(&x, 1, None, &[0; 5], &[7.0, 8.0, 9.0], Empty::Keep)
            .unwrap()
            .0,
        [3.0, 8.0, 9.0]
    );
    assert!(means(&x, 1, None, &[0; 5], &[7.0, 8.0, 9.0], Empty::Error).is_none());
    // A point is taken with all of its weight; one without stays where it is, and is a member only in number.
    let w = [2.0, 1.0, 3.0, 1.0, 0.0];
    let (centers, counts) = means(
        &[11.0, 6.0, 3.0, 9.0, 0.0],
        1,
        Some(&w),
        &[2, 2, 2, 2, 1],
        &[18.0, 23.0, 12.0],
        Empty::Relocate,
    )
    .unwrap();
    assert_eq!(
        (centers, counts),
        (vec![3.0, 6.0, 31.0 / 3.0], vec![1, 2, 2])
    );
    // The lone point of positive weight is no candidate; neither are the points of weight zero.
    let w = [0.0, 0.0, 0.0, 2.0, 0.0];
    let (centers, counts) = means(&x, 1, Some(&w), &[0; 5], &[7.0, 8.0], Empty::Relocate).unwrap();
    assert_eq!((centers, counts), (vec![9.0, 8.0], vec![5, 0]));

    let run = fit(
        &[0.0, 1.0, 10.0, 11.0],
        1,
        None,
        &[0.0, 1.0],
        Empty::Keep,
        300,
        0.0,
    )
    .unwrap();
    assert_eq!(
        (run.centers, run.labels, run.inertia),
        (vec![0.5, 10.5], vec![0, 0, 1, 1], 1.0)
    );
    assert_eq!(
        (run.iterations, run.moved, run.stopped_by),
        (2, 0, Stop::Converged)
    );
    let first = squared(&[22.0 / 3.0], &[1.0]);
    assert_eq!(
        run.trace,
        [
            (1, first),
            (0, squared(&[0.5], &[0.0]) + squared(&[10.5], &[22.0 / 3.0]))
        ]
    );
}

struct Listed<'a>(&'a [f64]);
impl std::fmt::LowerExp for Listed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|term| write!(f, "{term:e} "))
    }
}
