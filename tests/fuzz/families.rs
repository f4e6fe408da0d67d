//! Inputs: a base, and what is done to all of it or to a few of its rows.

use crate::harness::data::*;

/// Points, and centers to start from, of a random family; and its name.
pub fn points_and_start(
    (n, d, k): (usize, usize, usize),
    rng: &mut Rng,
) -> (String, Vec<f64>, Vec<f64>) {
    let (mut name, mut x) = base((n, d, k), rng);
    for _ in 0..rng.below(3) {
        if n > 0 {
            name = format!(
                "{name}, {}",
                CHANGES[rng.below(CHANGES.len())](&mut x, d, rng)
            );
        }
    }
    let (how, start) = start(&x, d, k, rng);
    (format!("{name}; from {how}"), x, start)
}

fn base((n, d, k): (usize, usize, usize), rng: &mut Rng) -> (String, Vec<f64>) {
    match rng.below(10) {
        0..4 => {
            let kind = KINDS[rng.below(KINDS.len())];
            (kind.0.into(), fill(kind, n * d, rng))
        }
        4 => ("blobs".into(), blobs(n, d, k, rng)),
        5 => {
            let x = (0..n * d).map(|_| power(rng, 150)).collect();
            ("powers of two".into(), x)
        }
        6 => {
            let mut x = vec![0.0; n * d];
            x.chunks_mut(d).for_each(|row| row[rng.below(d)] = 1.0);
            ("one-hot".into(), x)
        }
        7 => {
            let kinds: Vec<Kind> = (0..d).map(|_| KINDS[rng.below(KINDS.len())]).collect();
            let x = (0..n * d).map(|at| kinds[at % d].1(rng.next())).collect();
            ("a kind for each dimension".into(), x)
        }
        8 => {
            let sizes = [1e150, 1e-150, 1.0, 5e-324];
            let size = |rng: &mut Rng| sizes[rng.below(2 + rng.0 as usize % 3)];
            let x = (0..n * d).map(|_| size(rng) * BELL.1(rng.next()));
            ("1e150 and 1e-150".into(), x.collect())
        }
        _ => ("between two rows".into(), bisected(n, d, rng)),
    }
}

/// Two rows, and points half-way between them, but for some last bits.
fn bisected(n: usize, d: usize, rng: &mut Rng) -> Vec<f64> {
    let kind = [UNIFORM, GRID, BELL][rng.below(3)];
    let ends = fill(kind, 2 * d, rng);
    let mut x = Vec::with_capacity(n * d);
    for p in 0..n {
        for i in 0..d {
            let middle = 0.5 * (ends[i] + ends[d + i]);
            x.push(match p {
                0 | 1 => ends[p * d + i],
                _ => nudged(middle, rng.below(5) as i64 - 2),
            });
        }
    }
    x
}

/// The number some places up or down the line of doubles.
fn nudged(x: f64, places: i64) -> f64 {
    let other = f64::from_bits(x.to_bits().wrapping_add(places as u64));
    if x == 0.0 || !other.is_finite() {
        x
    } else {
        other
    }
}

/// A power of two, at most 2^`most` and at least 2^-`most`, of any sign.
fn power(rng: &mut Rng, most: i32) -> f64 {
    let power = two_to(rng.below(2 * most as usize + 1) as i32 - most);
    if rng.below(2) == 0 {
        power
    } else {
        -power
    }
}

/// What may be done to points; it says what.
type Change = fn(&mut [f64], usize, &mut Rng) -> &'static str;

const CHANGES: &[Change] = &[
    |x, d, rng| {
        far_rows(x, d, 1, rng);
        "one row far away"
    },
    |x, d, rng| {
        far_rows(x, d, x.len() / d / 100 + 1, rng);
        "a hundredth of the rows far away"
    },
    |x, d, rng| {
        let n = x.len() / d;
        let distinct = 1 + rng.below(n.min(40));
        for p in distinct..n {
            let from = rng.below(distinct);
            x.copy_within(from * d..(from + 1) * d, p * d);
        }
        "few distinct rows"
    },
    |x, d, _| {
        let mut rows: Vec<Vec<f64>> = x.chunks(d).map(<[f64]>::to_vec).collect();
        rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
        x.copy_from_slice(&rows.concat());
        "sorted"
    },
    |x, _, rng| {
        let offset = 10f64.powi(rng.below(16) as i32);
        x.iter_mut().for_each(|x| *x += offset);
        "offset"
    },
    |x, _, rng| {
        // To the limits of magnitude, either way.
        let most = x.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        if most > 0.0 && most.is_finite() {
            let exponent = most.log2() as i32;
            let to = [505, 509, 511, -150, -500, -530, -1070][rng.below(7)] - rng.below(5) as i32;
            let by = (to - exponent).clamp(-2000, 2000);
            let half = two_to((by / 2).clamp(-1000, 1000));
            let rest = two_to((by - by / 2).clamp(-1000, 1000));
            x.iter_mut().for_each(|x| *x = *x * half * rest);
        }
        "to a limit"
    },
    |x, d, rng| {
        let factors: Vec<f64> = (0..d).map(|_| power(rng, 30)).collect();
        for row in x.chunks_mut(d) {
            row.iter_mut().zip(&factors).for_each(|(x, f)| *x *= f);
        }
        "dimensions of other scales"
    },
    |x, _, rng| {
        for x in x.iter_mut() {
            *x = nudged(*x, rng.below(3) as i64 - 1);
        }
        "last bits changed"
    },
    |x, _, rng| {
        let zero = 1 + rng.below(8);
        for x in x.iter_mut() {
            if rng.below(8) < zero {
                *x = 0.0;
            }
        }
        "many zeros"
    },
];

fn far_rows(x: &mut [f64], d: usize, rows: usize, rng: &mut Rng) {
    let size = 10f64.powi(rng.below(150) as i32);
    for _ in 0..rows {
        let p = rng.below(x.len() / d);
        let one = rng.below(2 * d);
        for i in 0..d {
            // All coordinates of the row, or one.
            if one >= d || one == i {
                x[p * d + i] = size * BELL.1(rng.next());
            }
        }
    }
}

fn start(x: &[f64], d: usize, k: usize, rng: &mut Rng) -> (&'static str, Vec<f64>) {
    let n = x.len() / d;
    if n == 0 {
        return ("anywhere", fill(BELL, k * d, rng));
    }
    let mut start = match n >= k {
        true => distinct(x, d, k, rng),
        false => drawn(x, d, k, rng),
    };
    let far = |start: &mut [f64], rows: usize, rng: &mut Rng| {
        let size = 10f64.powi(rng.below(40) as i32);
        for j in 0..rows {
            start[j * d..(j + 1) * d]
                .iter_mut()
                .for_each(|c| *c = size * (1.0 + BELL.1(rng.next())));
        }
    };
    let how = match rng.below(7) {
        0 => {
            start = drawn(x, d, k, rng);
            "rows, some of them again"
        }
        1 => {
            far(&mut start, k - 1, rng);
            "all but one far away"
        }
        2 => {
            far(&mut start, rng.below(k + 1), rng);
            "some far away"
        }
        3 => {
            let first = start[..d].to_vec();
            start.chunks_mut(d).for_each(|c| c.copy_from_slice(&first));
            "one row"
        }
        4 => {
            for c in &mut start {
                *c = nudged(*c, rng.below(5) as i64 - 2);
            }
            "rows but for some last bits"
        }
        _ => "rows",
    };
    (how, start)
}

/// Weights of a random family, or none.
pub fn weights(n: usize, rng: &mut Rng) -> Option<Vec<f64>> {
    if n == 0 || rng.below(2) == 0 {
        return None;
    }
    Some(match rng.below(WEIGHTS.len() + 3) {
        0 => (0..n).map(|_| power(rng, 60).abs()).collect(),
        1 => (0..n)
            .map(|_| 10f64.powi(rng.below(280) as i32 - 200))
            .collect(),
        2 => {
            let mut weights = vec![1.0; n];
            weights[rng.below(n)] = power(rng, 300).abs();
            weights
        }
        kind => weigh(WEIGHTS[kind - 3], n, rng),
    })
}
