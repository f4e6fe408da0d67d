//! Near ties along every path: whatever screens first (points in registers, panels, kept values, chunks of dimensions,
//! bytes), whatever takes over within a pass, and D itself, on data that leave a screen as little to prove as possible.
//!
//! Every kind of data meets every path on every instruction set. So that nothing passes because a screen was never
//! reached, what the report counts as decided by D after screening is compared with what the data must leave open.

mod harness;
mod options;
mod reference;

use centra::Algorithm;
use harness::data::*;
use harness::*;
use options::Options;
use reference as oracle;

/// Points, and centers to start from.
struct Data {
    x: Vec<f64>,
    start: Vec<f64>,
}

/// What a screen must leave open of such data, besides exact ties, which no screen can settle.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    /// At least one point.
    Some,
    /// Nothing.
    Nothing,
    /// At most one point, except in bytes, whose scale one point may spoil.
    One,
    /// At most one point in eight, those whose center was taken away; except in bytes, whose scale one center may spoil.
    Few,
    /// That depends.
    Any,
}

/// A name, what is left open, and a generator for n, d, k.
type Hard = (
    &'static str,
    Open,
    fn(usize, usize, usize, &mut Rng) -> Data,
);

const WELL_SEPARATED: Hard = ("well separated blobs", Open::Nothing, separated);
const BISECTORS: Hard = ("on bisectors and an ulp beside", Open::Some, bisectors);
const ALL_DUPLICATES: Hard = ("all centers equal", Open::Nothing, |n, d, k, rng| Data {
    x: fill(BELL, n * d, rng),
    start: fill(BELL, d, rng).repeat(k),
});
const ULPS_ALL: Hard = ("centers within ulps of one", Open::Some, ulps_from_one);
const ULP_PAIRS: Hard = ("pairs of centers an ulp apart", Open::Some, ulp_pairs);
const INTEGERS: Hard = ("small integers", Open::Any, |n, d, k, rng| {
    let x = fill(GRID, n * d, rng);
    let start = drawn(&x, d, k, rng);
    Data { x, start }
});
const FAR_1E15: Hard = ("ulps at -1e15 and 1e15", Open::Some, |n, d, k, rng| {
    two_sides(1e15, 0.125, n, d, k, rng)
});
const HALF_SINGLE: Hard = (
    "gaps that double precision sees",
    Open::Some,
    gaps_for_doubles,
);
const OUTLIER_FIRST: Hard = ("the first point far away", Open::One, |n, d, k, rng| {
    outlier(0, n, d, k, rng)
});

const HARD: &[Hard] = &[
    WELL_SEPARATED,
    BISECTORS,
    ALL_DUPLICATES,
    ULPS_ALL,
    ULP_PAIRS,
    INTEGERS,
    FAR_1E15,
    HALF_SINGLE,
    OUTLIER_FIRST,
    ("the second point far away", Open::One, |n, d, k, rng| {
        outlier(1, n, d, k, rng)
    }),
    ("the last point far away", Open::One, |n, d, k, rng| {
        outlier(n - 1, n, d, k, rng)
    }),
    ("a center far away", Open::Few, |n, d, k, rng| {
        let mut data = separated(n, d, k, rng);
        let j = rng.below(k);
        data.start[j * d..][..d].fill(1e15);
        data
    }),
    ("centers equal in pairs", Open::Few, |n, d, k, rng| {
        let Data { x, start } = separated(n, d, k, rng);
        let start = start[..k.div_ceil(2) * d].repeat(2);
        Data {
            x,
            start: start[..k * d].to_vec(),
        }
    }),
    ("points equal to centers", Open::Nothing, |n, d, k, rng| {
        let start = separated(n.max(k), d, k, rng).start;
        let x = drawn(&start, d, n, rng);
        Data { x, start }
    }),
    ("all points equal", Open::Nothing, |n, d, k, rng| {
        let row = fill(UNIFORM, d, rng);
        Data {
            x: row.repeat(n),
            start: row.repeat(k),
        }
    }),
    (
        "all points equal, centers around",
        Open::Any,
        |n, d, k, rng| {
            let row = fill(UNIFORM, d, rng);
            let near = |rng: &mut Rng| row.iter().map(|x| beside(*x, rng)).collect::<Vec<_>>();
            Data {
                start: (0..k).flat_map(|_| near(rng)).collect(),
                x: row.repeat(n),
            }
        },
    ),
    ("magnitudes of 1e-8 to 1e8", Open::Any, |n, d, k, rng| {
        let magnitude = |c: usize| 10f64.powi((c % d * 5 % 17) as i32 - 8);
        let x: Vec<f64> = (0..n * d)
            .map(|c| magnitude(c) * BELL.1(rng.next()))
            .collect();
        let start = drawn(&x, d, k, rng);
        Data { x, start }
    }),
    ("offset 1e3 and ulps", Open::Any, |n, d, k, rng| {
        one_side(1e3, two_to(-43), n, d, k, rng)
    }),
    ("offset 1e8 and ulps", Open::Any, |n, d, k, rng| {
        one_side(1e8, two_to(-26), n, d, k, rng)
    }),
    ("offset 1e15 and ulps", Open::Any, |n, d, k, rng| {
        one_side(1e15, 0.125, n, d, k, rng)
    }),
    ("ulps at -1e3 and 1e3", Open::Some, |n, d, k, rng| {
        two_sides(1e3, two_to(-43), n, d, k, rng)
    }),
    ("ulps at -1e8 and 1e8", Open::Some, |n, d, k, rng| {
        two_sides(1e8, two_to(-26), n, d, k, rng)
    }),
    // The offset itself must defeat nothing: it is shifted away.
    ("blobs at 1e3", Open::Nothing, |n, d, k, rng| {
        shifted(1e3, n, d, k, rng)
    }),
    ("blobs at 1e8", Open::Nothing, |n, d, k, rng| {
        shifted(1e8, n, d, k, rng)
    }),
    ("blobs at 1e15", Open::Nothing, |n, d, k, rng| {
        shifted(1e15, n, d, k, rng)
    }),
];

/// Kinds that keep what they are when all is multiplied by a power of two.
const SCALED: &[Hard] = &[
    WELL_SEPARATED,
    BISECTORS,
    ULP_PAIRS,
    ALL_DUPLICATES,
    INTEGERS,
    FAR_1E15,
];

/// Beyond the ranges of single precision and of bytes; where squares are subnormal; and about where bytes are still tried.
const SCALES: [i32; 5] = [400, -400, -530, 200, -299];

/// Centers as far apart as 1000 in several dimensions.
fn lattice(j: usize, k: usize, d: usize) -> Vec<f64> {
    let digits = d.min(6);
    let base = (2..).find(|b: &usize| b.pow(digits as u32) >= k).unwrap();
    let digit = |i: usize| j / base.pow((i % digits) as u32) % base;
    (0..d).map(|i| 1000.0 * digit(i) as f64).collect()
}

/// Blobs about the centers, with noise of less than 3.
fn separated(n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let start: Vec<f64> = (0..k).flat_map(|j| lattice(j, k, d)).collect();
    let x = (0..n * d)
        .map(|c| start[c / d % k * d + c % d] + BELL.1(rng.next()))
        .collect();
    Data { x, start }
}

/// The same or one of the two next doubles.
fn beside(x: f64, rng: &mut Rng) -> f64 {
    match rng.below(3) {
        0 => x,
        1 => x.next_up(),
        _ => x.next_down(),
    }
}

/// Pairs of centers m + e and m - e, and points m + f with f orthogonal to e, all small integers, so that D of the two is
/// equal; two of three points are then moved by an ulp in one coordinate. The order of a pair is random.
fn bisectors(n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let pairs = k.div_ceil(2);
    let mut start = Vec::new();
    for q in 0..pairs {
        let mut e: Vec<f64> = (0..d)
            .map(|i| if i % 2 == 0 { 2 * rng.below(3) } else { 0 } as f64)
            .collect();
        e[0] = [2.0, -2.0][rng.below(2)];
        for sign in [1.0, -1.0] {
            start.extend(
                lattice(q, pairs, d)
                    .iter()
                    .zip(&e)
                    .map(|(m, e)| m + sign * e),
            );
        }
    }
    start.truncate(k * d);
    let mut x = Vec::new();
    for p in 0..n {
        let mut row = lattice(p % (k / 2).max(1), pairs, d);
        for odd in row.iter_mut().skip(1).step_by(2) {
            *odd += rng.below(7) as f64 - 3.0;
        }
        let i = [0, rng.below(d)][rng.below(2)];
        row[i] = [row[i], row[i].next_up(), row[i].next_down()][p % 3];
        x.extend(row);
    }
    Data { x, start }
}

/// One row, of which each center has one coordinate a few ulps off; points on it, beside it and about it.
fn ulps_from_one(n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let one = fill(BELL, d, rng);
    let mut start = one.repeat(k);
    for j in 0..k {
        let coordinate = &mut start[j * d + j % d];
        for _ in 0..=j / d {
            *coordinate = coordinate.next_up();
        }
    }
    let x = (0..n * d)
        .map(|c| match c / d % 3 {
            0 => one[c % d],
            1 => beside(one[c % d], rng),
            _ => one[c % d] + BELL.1(rng.next()),
        })
        .collect();
    Data { x, start }
}

/// Centers in pairs that differ by an ulp in one coordinate, far from other pairs; the larger first every other time.
fn ulp_pairs(n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let pairs = k.div_ceil(2);
    let mut start = Vec::new();
    for q in 0..pairs {
        let row: Vec<f64> = lattice(q, pairs, d)
            .iter()
            .map(|m| m + 0.1 + BELL.1(rng.next()))
            .collect();
        let mut other = row.clone();
        let i = rng.below(d);
        other[i] = [row[i].next_up(), row[i].next_down()][q % 2];
        start.extend(row.into_iter().chain(other));
    }
    start.truncate(k * d);
    let x = (0..n)
        .flat_map(|p| {
            let row = &start[p % k * d..][..d];
            let noise = [0.0, 1.0][p / k % 2];
            let row: Vec<f64> = row
                .iter()
                .map(|c| beside(*c, rng) + noise * BELL.1(rng.next()))
                .collect();
            row
        })
        .collect();
    Data { x, start }
}

/// All within 16 ulps of an offset.
fn one_side(offset: f64, ulp: f64, n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let mut some = |count: usize, ulps: usize| -> Vec<f64> {
        (0..count)
            .map(|_| offset + rng.below(ulps) as f64 * ulp)
            .collect()
    };
    Data {
        x: some(n * d, 16),
        start: some(k * d, 8),
    }
}

/// The same about plus and minus an offset, so that no shift helps.
fn two_sides(offset: f64, ulp: f64, n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let mut data = one_side(offset, ulp, n, d, k, rng);
    for (c, value) in data.x.iter_mut().chain(&mut data.start).enumerate() {
        if c / d % 2 == 1 {
            *value = -*value;
        }
    }
    data
}

/// Two far groups of centers whose gaps are below what single precision sees of them, and well above what double does.
fn gaps_for_doubles(n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let Data { mut x, mut start } = separated(n, d, k, rng);
    let group = |c: usize| [1.0, -1.0][c / d % k % 2];
    for values in [&mut x, &mut start] {
        for (c, value) in values.iter_mut().enumerate() {
            *value = group(c) + 1e-8 * *value;
        }
    }
    Data { x, start }
}

fn outlier(p: usize, n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let mut data = separated(n, d, k, rng);
    for x in &mut data.x[p * d..][..d] {
        *x = [1e15, -1e15][rng.below(2)];
    }
    data
}

fn shifted(offset: f64, n: usize, d: usize, k: usize, rng: &mut Rng) -> Data {
    let Data { mut x, mut start } = separated(n, d, k, rng);
    for value in x.iter_mut().chain(&mut start) {
        *value += offset;
    }
    Data { x, start }
}

/// Dimensions and centers of inputs that take one path first.
struct Path {
    name: &'static str,
    shapes: &'static [(usize, usize)],
}

const DIRECT: Path = Path {
    name: "direct",
    shapes: &[
        (1, 3),
        (1, 8),
        (1, 9),
        (1, 33),
        (1, 65),
        (2, 2),
        (5, 1),
        (9, 2),
        (64, 2),
        (129, 2),
    ],
};
/// One dimension and so many centers that they are searched.
const SEARCH: Path = Path {
    name: "search",
    shapes: &[(1, 191), (1, 192), (1, 193)],
};
const REGISTERS: Path = Path {
    name: "points in registers",
    shapes: &[
        (2, 3),
        (2, 7),
        (2, 33),
        (3, 9),
        (3, 65),
        (4, 8),
        (4, 31),
        (4, 32),
    ],
};
const PANELS: Path = Path {
    name: "panels",
    shapes: &[
        (5, 3),
        (5, 9),
        (7, 8),
        (8, 7),
        (8, 32),
        (9, 33),
        (15, 9),
        (16, 31),
        (16, 65),
    ],
};
const KEPT: Path = Path {
    name: "kept values",
    shapes: &[
        (17, 9),
        (17, 65),
        (31, 7),
        (31, 33),
        (32, 8),
        (33, 31),
        (63, 3),
        (64, 9),
        (65, 8),
        (127, 7),
        (128, 31),
    ],
};
const CHUNKS: Path = Path {
    name: "chunks of dimensions",
    shapes: &[(129, 9), (129, 31), (255, 3), (257, 8), (300, 7)],
};
/// Or, in columns or for want of the instructions, kept values and chunks.
const BYTES: Path = Path {
    name: "bytes",
    shapes: &[
        (32, 32),
        (33, 33),
        (63, 65),
        (64, 32),
        (65, 33),
        (127, 32),
        (128, 65),
        (129, 33),
        (257, 32),
    ],
};

/// About one group of points, three groups, and four times that.
const COUNTS: [usize; 14] = [9, 47, 16, 191, 48, 7, 17, 49, 193, 8, 15, 33, 192, 65];

/// In two dimensions and more, so many points are enough for centers to be prepared for screening.
const ENOUGH: usize = 74;

/// Three groups of the widest vectors.
const STEP: usize = 48;

/// Some point counts in turn, for cases of so many clusters; counts less than a least one are raised by whole steps.
struct Turns {
    turn: usize,
    least: usize,
}

impl Turns {
    fn next(&mut self, k: usize) -> usize {
        loop {
            self.turn += 1;
            let count = COUNTS[self.turn % COUNTS.len()];
            let n = count + self.least.saturating_sub(count).next_multiple_of(STEP);
            if n >= k {
                return n;
            }
        }
    }
}

fn case(hard: &Hard, (n, d, k): (usize, usize, usize), scale: i32, rng: &mut Rng) -> Case {
    let Data { mut x, mut start } = hard.2(n, d, k, rng);
    for value in x.iter_mut().chain(&mut start) {
        *value *= two_to(scale);
    }
    let name = match scale {
        0 => hard.0.into(),
        _ => format!("{} times 2^{scale}", hard.0),
    };
    Case::new(name, d, x, start)
}

/// All instruction sets and places in memory, on one and two threads in turn.
fn ways(turn: usize) -> Vec<Way> {
    let mut ways = Vec::new();
    for (index, isa) in ISAS.into_iter().enumerate() {
        for copy in 0..PLACES {
            let threads = 1 + (turn + index + copy) % 2;
            ways.push(Way { isa, threads, copy });
        }
    }
    ways
}

const ONE_PASS: Plan = Plan {
    max_iter: 0,
    ..KEEP
};

/// Points decided by D after screening, in all passes of a run.
fn rechecked(
    case: &Case,
    plan: Plan,
    points: &centra::Points,
    options: Options,
) -> Result<i64, String> {
    // Passes that find margins do not start in bytes.
    let options = Options {
        algorithm: Algorithm::Lloyd,
        ..plan.options(options)
    };
    let fit = options::fit_from(points, &case.start, &options).map_err(refusal)?;
    Ok(fit.report.rechecked)
}

/// Of the first points, those with more than one nearest center, equal ones aside. Screening comes first in every pass, at least
/// for a vector of points. (Ties between whole numbers it tells by itself.)
fn first_ties(case: &Case) -> i64 {
    let d = case.d;
    if [INTEGERS, BISECTORS]
        .iter()
        .any(|hard| case.name.starts_with(hard.0))
    {
        return 0;
    }
    let tied = |x: &&[f64]| {
        let least = oracle::label(x, &case.start).1;
        let mut nearest = case.start.chunks(d);
        let equal = |c: &&[f64]| oracle::squared(x, c) == least;
        let first = nearest.by_ref().find(equal);
        nearest.any(|c| equal(&c) && Some(c) != first)
    };
    case.x.chunks(d).take(8).filter(tied).count() as i64
}

/// That screening was reached, and left open what it had to.
fn check_open(case: &Case, open: Open, path: &Path, ways: &[Way], bad: &mut Bad) {
    let ties = first_ties(case);
    let ranges = match (open, path.name) {
        (Open::Some, _) => ties.max(1)..=case.n() as i64,
        (Open::Nothing, _) => 0..=0,
        (Open::One | Open::Few, "bytes") | (Open::Any, _) => ties..=case.n() as i64,
        (Open::Few, _) => 0..=case.n() as i64 / 8,
        (Open::One, _) => 0..=1,
    };
    case.each("points left open", ways, bad, |points, options, _| {
        let rechecked = rechecked(case, ONE_PASS, points, options)?;
        require(ranges.contains(&rechecked), || {
            format!("{rechecked}, not {ranges:?}, along {}", path.name)
        })
    });
}

/// Every kind of data along one path.
fn along(path: &Path, seed: u64) {
    let mut bad = Bad::default();
    let mut rng = Rng(seed);
    let screened = ![DIRECT.name, SEARCH.name].contains(&path.name);
    let mut turns = Turns {
        turn: seed as usize,
        least: if screened { ENOUGH } else { 1 },
    };
    let scaled = SCALES
        .iter()
        .flat_map(|&scale| SCALED.iter().map(move |hard| (hard, scale)));
    let all = HARD.iter().map(|hard| (hard, 0)).chain(scaled);
    for (index, (hard, scale)) in all.enumerate() {
        for (turn, &(d, k)) in path.shapes.iter().enumerate() {
            // Of the scaled ones, each shape a part, which is another one for each scale; of what takes long, half.
            let part = scale == 0 || (index + index / 7 + turn) % 3 == 0;
            if !part || d * k > 2000 && (index + turn) % 2 == 1 {
                continue;
            }
            let shape = (turns.next(k), d, k);
            let case = case(hard, shape, scale, &mut rng);
            let mut ways = ways(index + turn);
            // Columns are for other paths.
            ways.retain(|way| path.name != BYTES.name || way.copy != 2 + (index + turn) % 2);
            case.check_assign(&ways, &mut bad);
            let plan = [KEEP, RELOCATE][(index + turn) % 2];
            case.check_fit(plan.at_most(2), &ways, &mut bad);
            if screened && k >= 7 {
                check_open(&case, hard.1, path, &ways, &mut bad);
            }
        }
    }
}

#[test]
fn direct() {
    along(&DIRECT, 1);
}

#[test]
fn search() {
    along(&SEARCH, 8);
}

#[test]
fn points_in_registers() {
    along(&REGISTERS, 2);
}

#[test]
fn panels() {
    along(&PANELS, 3);
}

#[test]
fn kept_values() {
    along(&KEPT, 4);
}

#[test]
fn chunks_of_dimensions() {
    along(&CHUNKS, 5);
}

#[test]
fn bytes() {
    along(&BYTES, 6);
}

/// Centers whose values are kept at a time (`KEPT`).
const PART: usize = 2048;

/// The data with the centers in any order.
fn shuffled(data: Data, d: usize, rng: &mut Rng) -> Data {
    let mut rows: Vec<&[f64]> = data.start.chunks(d).collect();
    for j in (1..rows.len()).rev() {
        rows.swap(j, rng.below(j + 1));
    }
    Data {
        start: rows.concat(),
        x: data.x,
    }
}

/// Near ties between centers whose values are not kept at the same time: the last part of the centers is the first, one less, one
/// more, or it has a panel of each width.
#[test]
fn parts_of_the_centers() {
    let mut bad = Bad::default();
    let mut rng = Rng(10);
    let counts = [PART - 1, PART, PART + 1, PART + 17, 2 * PART];
    for (index, hard) in HARD.iter().enumerate() {
        for turn in [index, index + 2] {
            let (d, k) = ([17, 33, 129, 64][turn % 4], counts[turn % 5]);
            let n = [75, 97, 80][turn % 3];
            let Data { x, start } = shuffled(hard.2(n, d, k, &mut rng), d, &mut rng);
            let name = format!("{}, centers shuffled", hard.0);
            let case = Case::new(name, d, x, start);
            case.check_assign(&least_ways(), &mut bad);
        }
    }
    for (hard, d) in [(BISECTORS, 17), (ULP_PAIRS, 33), (INTEGERS, 17)] {
        let (n, k) = (PART + 60, PART + 33);
        let Data { x, start } = shuffled(hard.2(n, d, k, &mut rng), d, &mut rng);
        let case = Case::new(format!("{}, centers shuffled", hard.0), d, x, start);
        case.check_fit(KEEP.at_most(1), &least_ways(), &mut bad);
        check_open(&case, hard.1, &KEPT, &least_ways(), &mut bad);
    }
}

/// Around the largest d that bytes are for.
#[test]
fn bytes_of_many_dimensions() {
    let mut bad = Bad::default();
    let mut rng = Rng(7);
    for hard in [
        WELL_SEPARATED,
        BISECTORS,
        ULP_PAIRS,
        OUTLIER_FIRST,
        FAR_1E15,
    ] {
        for (n, d, k) in [(97, 2047, 33), (96, 2048, 32), (98, 2049, 32)] {
            let case = case(&hard, (n, d, k), 0, &mut rng);
            let ways = least_ways();
            case.check_assign(&ways, &mut bad);
            case.check_fit(KEEP.at_most(1), &ways, &mut bad);
            check_open(&case, hard.1, &BYTES, &ways, &mut bad);
        }
    }
}

/// Data of which bytes, and nothing finer, leave much open: so they are what looks first, where there are instructions for them.
#[test]
fn bytes_come_first() {
    let mut bad = Bad::default();
    let mut rng = Rng(8);
    for (n, d, k) in [
        (193, 64, 65),
        (192, 128, 33),
        (191, 257, 32),
        (97, 129, 33),
        (300, 64, 256),
    ] {
        let x = fill(UNIFORM, n * d, &mut rng);
        let start = distinct(&x, d, k, &mut rng);
        let case = Case::new("uniform", d, x, start);
        let ways = all_ways();
        case.check_assign(&ways, &mut bad);
        for way in ways {
            // With AVX-VNNI words are made for one pass of so few centers, and bytes come after them.
            let words_first = way.isa.min(centra::isa()) == centra::Isa::Avx2 && k < 256;
            let first = has_bytes(way) && way.copy < 2 && !words_first;
            case.each("bytes", &[way], &mut bad, |points, options, _| {
                let rechecked = rechecked(&case, ONE_PASS, points, options)?;
                let much = 16 * rechecked > n as i64;
                // In narrow vectors words come first, which may leave a few open. Nothing else may.
                let words = !is_wide(way);
                require(much == first && (first || words || rechecked == 0), || {
                    format!("{rechecked} points left open, by bytes: {first}")
                })
            });
        }
    }
}

/// Data that words, and nothing finer, leave open: so they are what looks, in passes that keep them, and, where vectors are
/// narrow and centers many, in others.
#[test]
fn words_come_before_single_precision() {
    let mut bad = Bad::default();
    let mut rng = Rng(12);
    for (n, d, k) in [
        (193, 257, 24),
        (192, 128, 28),
        (191, 128, 27),
        (97, 129, 31),
        (191, 1024, 21),
        (97, 35, 9),
    ] {
        let start = fill(UNIFORM, k * d, &mut rng);
        let near_middle = |c: usize| {
            let (p, i) = (c / d, c % d);
            let (a, b) = (start[p % k * d + i], start[(p + 1) % k * d + i]);
            0.5 * (a + b) + 5e-5 * (a - b)
        };
        let x = (0..n * d).map(near_middle).collect();
        let case = Case::new("beside the middle", d, x, start);
        case.check_assign(&all_ways(), &mut bad);
        for plan in [KEEP.at_most(1), RELOCATE.at_most(3)] {
            case.check_fit(plan, &all_ways(), &mut bad);
        }
        // Sparse rows are not coded.
        for way in all_ways().into_iter().filter(|way| way.copy < COPIES) {
            let wide = is_wide(way);
            for algorithm in [Algorithm::Lloyd, Algorithm::Auto] {
                case.each("words", &[way], &mut bad, |points, options, _| {
                    let options = Options {
                        algorithm,
                        ..ONE_PASS.options(options)
                    };
                    let fit = options::fit_from(points, &case.start, &options).map_err(refusal)?;
                    let open = fit.report.rechecked > 0;
                    let kept = algorithm == Algorithm::Auto;
                    let words = match wide {
                        true => kept && wide_words(),
                        // Making them for once has to pay.
                        false => kept || k >= 20 + 1024 / d,
                    };
                    require(open == words, || {
                        format!("{} left open, {algorithm:?}", fit.report.rechecked)
                    })
                });
            }
        }
    }
}

/// Points and centers of many lengths, of which words, with a unit for each, leave nothing open; and a few points among them far
/// too long for words, which must not take them for what they keep of them.
#[test]
fn words_of_any_length() {
    let mut bad = Bad::default();
    let mut rng = Rng(13);
    for (n, d, k) in [(1000, 40, 9), (700, 32, 17), (300, 129, 33)] {
        let mut start = fill(BELL, k * d, &mut rng);
        for (c, value) in start.iter_mut().enumerate() {
            *value *= 10f64.powi(-((c / d % 7) as i32));
        }
        // Half of the points are here, so that others are told by their distance from it.
        start[..d].fill(0.0);
        for long in [1.0, 9.0, 1e11, 1e40] {
            let beside = |c: usize| {
                let (p, i) = (c / d, c % d);
                let center = start[p % 2 * (p % k) * d + i];
                let noise = 0.1 * BELL.1(rng.next()) * center.abs();
                [1.0, long][usize::from(p % 90 == 89)] * (center + noise)
            };
            let x = (0..n * d).map(beside).collect();
            let case = Case::new("points of many lengths", d, x, start.clone());
            case.check_assign(&all_ways(), &mut bad);
            for plan in [ONE_PASS, KEEP.at_most(3)] {
                case.check_fit(plan, &all_ways(), &mut bad);
            }
            for way in all_ways() {
                let wide = is_wide(way);
                case.each("left open", &[way], &mut bad, |points, options, _| {
                    let options = Options {
                        algorithm: Algorithm::Auto,
                        ..ONE_PASS.options(options)
                    };
                    let fit = options::fit_from(points, &case.start, &options).map_err(refusal)?;
                    let rechecked = fit.report.rechecked;
                    let most = if long == 1e40 { n as i64 / 90 } else { 0 };
                    require(wide && !wide_words() || rechecked <= most, || {
                        format!("{rechecked} left open, one in ninety {long:?} times as long")
                    })
                });
            }
        }
    }
}

/// Centers whose squared norms, summed one by one, would round the same way at every addition, so that what expands the squares
/// is off by as many roundings as there are dimensions: of two near centers the second is nearer to the points, which are all at
/// the mean, and seems farther by more than all other roundings are charged.
#[test]
fn norms_whose_additions_round_one_way() {
    let mut bad = Bad::default();
    for d in [129, 700, 1024, 1536, 4096, 9000] {
        // What the second center is given beside 1, in dimensions times half an ulp; and whether its norm gains what that of the
        // first one loses.
        for (more, gains) in [
            (0.3, false),
            (0.8, false),
            (0.83, false),
            (0.86, false),
            (-0.14, true),
            (-0.2, true),
            (-0.4, true),
        ] {
            let ulp = f64::EPSILON;
            let lost = (0.499 * ulp).sqrt();
            let gained = if gains { (0.501 * ulp).sqrt() } else { 0.0 };
            let off = two_to(-10);
            let (near, far) = (-0.5 + off, -0.5 - off);
            let high = (1.0 + 0.5 * more * d as f64 * ulp - near * near).sqrt();
            let mut start = vec![0.0; 3 * d];
            for i in 0..d {
                // The third makes their sum nothing.
                let (a, b, c) = match i {
                    0 => (1.0, near, far),
                    1 => (0.0, high, -high),
                    _ => (lost, gained, -(lost + gained)),
                };
                (start[i], start[d + i], start[2 * d + i]) = (a, b, c);
            }
            let case = Case::new(format!("{more}, {gains}"), d, vec![0.0; 98 * d], start);
            case.check_assign(&least_ways(), &mut bad);
            // The norm of a point, which margins are made of, likewise.
            if d < 4096 {
                let mut x = case.start[..d].repeat(97);
                x.extend(&case.start[d..2 * d]);
                let start = [&vec![0.0; d], &case.start[d..]].concat();
                let case = Case::new(format!("points, {more}, {gains}"), d, x, start);
                case.check_fit(KEEP.at_most(2), &least_ways(), &mut bad);
            }
        }
    }
}

/// Whether vectors are the widest there are: asked for, and there.
fn is_wide(way: Way) -> bool {
    way.isa.min(centra::isa()) >= centra::Isa::Avx512
}

/// Whether there are bytes in the vectors that are asked for.
fn has_bytes(way: Way) -> bool {
    let isa = way.isa.min(centra::isa());
    #[cfg(target_arch = "x86_64")]
    return match isa {
        centra::Isa::Avx2 => is_x86_feature_detected!("avxvnni"),
        isa => isa >= centra::Isa::Avx512 && is_x86_feature_detected!("avx512vnni"),
    };
    #[cfg(target_arch = "aarch64")]
    return isa == centra::Isa::Neon && std::arch::is_aarch64_feature_detected!("dotprod");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    false
}

/// Whether there are words in the widest vectors.
fn wide_words() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512bw");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Inputs of several blocks each, for every path that screens.
const BLOCKS: [(usize, usize, usize); 13] = [
    (6100, 2, 9),
    (6050, 3, 33),
    (6100, 4, 8),
    (6051, 5, 9),
    (6099, 8, 7),
    (6000, 16, 17),
    (5801, 17, 9),
    (2900, 33, 31),
    (1450, 64, 9),
    (600, 129, 31),
    (1500, 64, 65),
    (770, 128, 33),
    (301, 257, 32),
];

/// One thread in one place and two in another, in turn; for one thread, rows where they are bytes.
fn block_ways(turn: usize) -> Vec<Way> {
    let (_, d, k) = BLOCKS[turn];
    let copy = turn % if d >= 32 && k >= 32 { 2 } else { PLACES };
    let both = |isa| [(1, copy), (2, 3 - copy)].map(|(threads, copy)| Way { isa, threads, copy });
    ISAS.into_iter().flat_map(both).collect()
}

/// Within a pass, single precision (after bytes) hands over to double precision, and, where that leaves all open as well,
/// to D. The report shows it: what was left open is less than all points, and less where double precision could settle them.
#[test]
fn fallbacks_within_a_pass() {
    let mut bad = Bad::default();
    let mut rng = Rng(9);
    for (turn, shape) in BLOCKS.into_iter().enumerate() {
        let mut ways = block_ways(turn);
        let cases = [HALF_SINGLE, FAR_1E15, ALL_DUPLICATES, ULPS_ALL]
            .map(|hard| case(&hard, shape, 0, &mut rng));
        for case in &cases {
            case.check_assign(&ways, &mut bad);
        }
        for case in &cases[..2] {
            case.check_fit(KEEP.at_most(1), &ways, &mut bad);
        }
        // How many blocks a thread gets, and so how many of them come first, is chance.
        ways.retain(|way| way.threads == 1);
        let left_open = |case: &Case, bad: &mut Bad| {
            let mut left = Vec::new();
            case.each("points left open", &ways, bad, |points, options, _| {
                left.push(rechecked(case, ONE_PASS, points, options)?);
                Ok(())
            });
            left
        };
        let (by_double, by_none) = (
            left_open(&cases[0], &mut bad),
            left_open(&cases[1], &mut bad),
        );
        let n = shape.0 as i64;
        for ((way, some), most) in ways.iter().zip(by_double).zip(by_none) {
            let result = require(0 < some && some < most && most < n, || {
                format!("{some} points left open before double precision, {most} before D")
            });
            bad.note(|| format!("{shape:?} along {way:?}"), result);
        }
    }
}

/// Blocks that are well separated before and after some that tie throughout: what took over stays till the end of the pass,
/// and labels are the same as ever.
#[test]
fn hard_blocks_among_easy_ones() {
    let mut bad = Bad::default();
    let mut rng = Rng(10);
    for (turn, (n, d, k)) in BLOCKS.into_iter().enumerate() {
        // Every other center is the same, but for ulps; only the third and fourth sixth of the points are near these.
        let mut start = separated(n, d, k, &mut rng).start;
        for j in (2..k).step_by(2) {
            for i in 0..d {
                start[j * d + i] = beside(start[i], &mut rng);
            }
        }
        let x = (0..n * d)
            .map(|c| {
                let p = c / d;
                let hard = (2..4).contains(&(p * 6 / n));
                let j = if hard { 0 } else { p % (k / 2) * 2 + 1 };
                start[j * d + c % d] + BELL.1(rng.next())
            })
            .collect();
        let case = Case::new("ties amid", d, x, start);
        let ways = block_ways(turn);
        case.check_assign(&ways, &mut bad);
        case.check_fit(KEEP.at_most(2), &ways, &mut bad);
        case.each("points left open", &ways, &mut bad, |points, options, _| {
            let rechecked = rechecked(&case, ONE_PASS, points, options)?;
            require((1..n as i64 / 2).contains(&rechecked), || {
                format!("{rechecked}")
            })
        });
    }
}

/// Centers that start so close to one point that single precision proves nothing, and soon are where it proves nearly all:
/// every pass starts anew.
#[test]
fn fits_whose_first_passes_only_are_hard() {
    let mut bad = Bad::default();
    let mut rng = Rng(11);
    for (turn, (n, d, k)) in BLOCKS.into_iter().enumerate() {
        // Bytes need blobs to prove much. Elsewhere more iterations are worth more.
        let blobs = d >= 32 && k >= 32;
        let (x, middle) = match blobs {
            true => (separated(n, d, k, &mut rng).x, 500.0),
            false => (fill(BELL, n * d, &mut rng), 0.1),
        };
        let mut start = x[..k * d].to_vec();
        for c in &mut start {
            *c = middle + 1e-7 * (*c - middle);
        }
        let case = Case::new("start in one place", d, x, start);
        let mut ways = block_ways(turn);
        let plan = [RELOCATE, KEEP][turn % 2].at_most(4);
        let run = case.check_fit(plan, &ways, &mut bad).expect("no refusal");
        ways.retain(|way| way.threads == 1);
        case.each("points left open", &ways, &mut bad, |points, options, _| {
            let first = rechecked(&case, ONE_PASS, points, options.clone())?;
            let all = rechecked(&case, plan, points, options)?;
            let passes = run.iterations;
            require(first >= 48 && 2 * (all - first) < passes * first, || {
                format!(
                    "{first} in the first pass, {} in {passes} others",
                    all - first
                )
            })
        });
    }
}
