//! `tests/data/golden.txt`: inputs and answers, to the bit, that the tests of every language compare with. The naive reference made it.
//!
//! `CENTRA_WRITE_GOLDEN=1 cargo test --test golden` writes the file instead of comparing.

#[allow(dead_code)] // this test uses its part
#[path = "harness/data.rs"]
mod data;
mod reference;

use centra::streams::{self, State, Wanted};
use centra::{KMeans, Points, Start, StoppedBy, Workspace};
use data::{fill, Kind, Rng, BELL, GRID};
use reference::{assign, fit, seeding, Empty};
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "\
# One answer, bit for bit: inputs, and what every language must find. tests/golden.rs made this file by the naive reference of
# tests/reference, and says how to write it anew; the library had no part in it.
#
# After these lines there are only words with white space between them, for each case:
#
#   case NAME       then in this order, each word with its value:
#   type T          of the coordinates: f64, f32 or u8
#   n N  d D  k K   points, dimensions, centers
#   init I  seed S  options (I as in CENTRA_INIT_*); the others have their defaults
#   weighted W      1 if the points have weights, else 0
#   chunks C        how many chunks a stream of these points has, and then C numbers, how many points each has
#   points          N rows of D words: the bits of the coordinates in hexadecimal, of 16, 8 or 2 digits
#   weights         N words, the bits of doubles in 16 digits; only if W is 1
#   start           K rows of D words, doubles: the centers that centra_seed draws
#   labels          N numbers, from 0: those of centra_fit, also from the given start, and of a stream from there
#   centers         K rows of D words, doubles: likewise
#   inertia         a word, a double: likewise
#   iterations I    likewise, of a stream whose labels are compared
#
# The last word of all is end.
";

/// Coordinates as they are stored.
#[derive(Clone, Debug, PartialEq)]
enum Stored {
    F64(Vec<f64>),
    F32(Vec<f32>),
    U8(Vec<u8>),
}

/// A case as the file has it.
#[derive(Debug, PartialEq)]
struct Case {
    name: String,
    n: usize,
    d: usize,
    k: usize,
    init: i32,
    seed: u64,
    chunks: Vec<usize>,
    points: Stored,
    weights: Option<Vec<f64>>,
    start: Vec<f64>,
    labels: Vec<i32>,
    centers: Vec<f64>,
    inertia: f64,
    iterations: i64,
}

const PLUS_PLUS: i32 = 0;
const RANDOM: i32 = 1;
const PARALLEL: i32 = 3;

/// Some are zero, and most are no whole numbers.
const WEIGHT: Kind = ("weights", |r| {
    [0.0, 1.0, 0.1, 1e-3, 700.0, 1.0 / 3.0][(r % 6) as usize]
});

impl Case {
    /// The answer of the reference for some points.
    fn new(
        name: &str,
        (n, d, k): (usize, usize, usize),
        (init, seed): (i32, u64),
        chunks: &[usize],
        points: Stored,
        weights: Option<Vec<f64>>,
    ) -> Case {
        assert_eq!(chunks.iter().sum::<usize>(), n, "{name}");
        let (x, w) = (points.widened(), weights.as_deref());
        let draw = match init {
            PLUS_PLUS => seeding::greedy,
            RANDOM => seeding::random,
            _ => seeding::parallel,
        };
        let start = draw(&x, d, w, k, seed, 0);
        let found = fit(&x, d, w, &start, Empty::Relocate, 300, 0.0).expect("a fit");
        assert!(found.iterations > 1, "{name} has no loop");
        Case {
            name: name.into(),
            n,
            d,
            k,
            init,
            seed,
            chunks: chunks.to_vec(),
            points,
            weights,
            start,
            labels: found.labels,
            centers: found.centers,
            inertia: found.inertia,
            iterations: found.iterations,
        }
    }
}

impl Stored {
    fn widened(&self) -> Vec<f64> {
        match self {
            Stored::F64(x) => x.clone(),
            Stored::F32(x) => x.iter().map(|&x| f64::from(x)).collect(),
            Stored::U8(x) => x.iter().map(|&x| f64::from(x)).collect(),
        }
    }

    /// The view of some of the points.
    fn view(&self, from: usize, n: usize, d: usize) -> Points<'_> {
        match self {
            Stored::F64(x) => Points::rows(&x[from * d..][..n * d], n, d),
            Stored::F32(x) => Points::rows(&x[from * d..][..n * d], n, d),
            Stored::U8(x) => Points::rows(&x[from * d..][..n * d], n, d),
        }
        .expect("points")
    }
}

fn cases() -> Vec<Case> {
    let mut rng = Rng(7);
    let mut around = |n: usize, d: usize, blobs: usize, spread: f64, offset: f64| -> Vec<f64> {
        let middles = fill(BELL, blobs * d, &mut rng);
        let noise = fill(BELL, n * d, &mut rng);
        let at = |c: usize| offset + spread * middles[c / d % blobs * d + c % d] + noise[c];
        (0..n * d).map(at).collect()
    };
    let doubles = around(40, 3, 4, 2.0, 0.0);
    let weighted = around(30, 2, 5, 1.0, 0.0);
    let far = around(25, 9, 3, 1.0, 1e8);
    let singles = around(40, 5, 4, 2.0, -3.0);
    let weighted_singles = around(30, 2, 7, 1.0, 1e4);
    let pixels = around(48, 3, 4, 1.0, 0.0);
    let weighted_bytes = around(30, 4, 3, 1.0, 0.0);
    let grid = fill(GRID, 40, &mut rng);
    let mut weights = |n| Some(fill(WEIGHT, n, &mut rng));
    let single = |x: Vec<f64>| Stored::F32(x.iter().map(|&x| x as f32).collect());
    let byte = |x: Vec<f64>| Stored::U8(x.iter().map(|&x| (128.0 + 24.0 * x) as u8).collect());
    let all = vec![
        Case::new(
            "f64",
            (40, 3, 4),
            (PLUS_PLUS, 42),
            &[7, 0, 33],
            Stored::F64(doubles),
            None,
        ),
        Case::new(
            "f64_weighted",
            (30, 2, 3),
            (RANDOM, 5),
            &[29, 1],
            Stored::F64(weighted),
            weights(30),
        ),
        Case::new(
            "f64_far_from_zero",
            (25, 9, 3),
            (PLUS_PLUS, u64::MAX >> 11),
            &[10, 10, 5],
            Stored::F64(far),
            None,
        ),
        // Two of the rows drawn are equal, so that a cluster is empty and takes the farthest point.
        Case::new(
            "f64_relocated",
            (20, 2, 6),
            (RANDOM, 13),
            &[12, 8],
            Stored::F64(grid),
            None,
        ),
        Case::new(
            "f32",
            (40, 5, 4),
            (PARALLEL, 1),
            &[20, 20],
            single(singles),
            None,
        ),
        Case::new(
            "f32_weighted",
            (30, 2, 3),
            (PLUS_PLUS, 2),
            &[1, 28, 1],
            single(weighted_singles),
            weights(30),
        ),
        Case::new("u8", (48, 3, 5), (PLUS_PLUS, 0), &[48], byte(pixels), None),
        Case::new(
            "u8_weighted",
            (30, 4, 3),
            (PARALLEL, 9),
            &[15, 15],
            byte(weighted_bytes),
            weights(30),
        ),
    ];
    let Case {
        d, points, start, ..
    } = &all[3];
    let first = assign(&points.widened(), *d, start).0;
    assert!((0..6).any(|j| !first.contains(&j)), "no cluster is empty");
    all
}

/// Words of bits, `d` a line.
fn rows<T>(text: &mut String, values: &[T], d: usize, word: impl Fn(&T) -> String) {
    for row in values.chunks(d) {
        *text += &row.iter().map(&word).collect::<Vec<_>>().join(" ");
        *text += "\n";
    }
}

/// The file.
fn written(cases: &[Case]) -> String {
    let mut text = String::from(HEAD);
    let double = |x: &f64| format!("{:016x}", x.to_bits());
    for case in cases {
        let kind = match case.points {
            Stored::F64(_) => "f64",
            Stored::F32(_) => "f32",
            Stored::U8(_) => "u8",
        };
        let chunks: Vec<String> = case.chunks.iter().map(usize::to_string).collect();
        let (Case { name, n, d, k, .. }, weighted) = (case, i32::from(case.weights.is_some()));
        let (chunk_count, chunks) = (chunks.len(), chunks.join(" "));
        writeln!(
            text,
            "\ncase {name}\ntype {kind}\nn {n}\nd {d}\nk {k}\ninit {}\nseed {}\nweighted {weighted}\nchunks {chunk_count} {chunks}\npoints",
            case.init, case.seed
        )
        .expect("text");
        match &case.points {
            Stored::F64(x) => rows(&mut text, x, *d, double),
            Stored::F32(x) => rows(&mut text, x, *d, |x| format!("{:08x}", x.to_bits())),
            Stored::U8(x) => rows(&mut text, x, *d, |x| format!("{x:02x}")),
        }
        if let Some(weights) = &case.weights {
            text += "weights\n";
            rows(&mut text, weights, 6, double);
        }
        text += "start\n";
        rows(&mut text, &case.start, *d, double);
        text += "labels\n";
        rows(&mut text, &case.labels, 60, i32::to_string);
        text += "centers\n";
        rows(&mut text, &case.centers, *d, double);
        writeln!(
            text,
            "inertia {}\niterations {}",
            double(&case.inertia),
            case.iterations
        )
        .expect("text");
    }
    text + "\nend\n"
}

/// The words of the file.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl Words<'_> {
    fn next(&mut self) -> &str {
        self.0.next().expect("a word")
    }

    fn keyword(&mut self, expected: &str) {
        assert_eq!(self.next(), expected);
    }

    fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(&mut self, keyword: &str) -> T {
        self.keyword(keyword);
        self.next().parse().expect("a number")
    }

    fn bits(&mut self) -> u64 {
        u64::from_str_radix(self.next(), 16).expect("bits")
    }

    fn doubles(&mut self, keyword: &str, count: usize) -> Vec<f64> {
        self.keyword(keyword);
        (0..count).map(|_| f64::from_bits(self.bits())).collect()
    }

    fn case(&mut self) -> Option<Case> {
        match self.next() {
            "end" => return None,
            word => assert_eq!(word, "case"),
        }
        let name = self.next().to_owned();
        self.keyword("type");
        let kind = self.next().to_owned();
        let (n, d, k) = (self.number("n"), self.number("d"), self.number("k"));
        let (init, seed) = (self.number("init"), self.number("seed"));
        let weighted: i32 = self.number("weighted");
        let chunks = 0..self.number("chunks");
        let chunks = chunks.map(|_| self.next().parse().expect("a number"));
        let chunks = chunks.collect();
        self.keyword("points");
        let bits: Vec<u64> = (0..n * d).map(|_| self.bits()).collect();
        let points = match &kind[..] {
            "f64" => Stored::F64(bits.iter().map(|&x| f64::from_bits(x)).collect()),
            "f32" => Stored::F32(bits.iter().map(|&x| f32::from_bits(x as u32)).collect()),
            "u8" => Stored::U8(bits.iter().map(|&x| x as u8).collect()),
            kind => panic!("points of type {kind}"),
        };
        let weights = (weighted == 1).then(|| self.doubles("weights", n));
        let start = self.doubles("start", k * d);
        self.keyword("labels");
        let labels = (0..n).map(|_| self.next().parse().expect("a label"));
        Some(Case {
            name,
            n,
            d,
            k,
            init,
            seed,
            chunks,
            points,
            weights,
            start,
            labels: labels.collect(),
            centers: self.doubles("centers", k * d),
            inertia: self.doubles("inertia", 1)[0],
            iterations: self.number("iterations"),
        })
    }
}

fn committed() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden.txt");
    std::fs::read_to_string(path).unwrap_or_default()
}

fn read() -> Vec<Case> {
    let text = committed();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let text = lines.join("\n");
    let mut words = Words(text.split_whitespace());
    let cases = std::iter::from_fn(|| words.case()).collect();
    assert_eq!(words.0.next(), None, "something follows the end");
    cases
}

#[test]
fn is_what_the_reference_finds() {
    let cases = cases();
    let expected = written(&cases);
    if std::env::var_os("CENTRA_WRITE_GOLDEN").is_some_and(|value| value == "1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden.txt");
        return std::fs::write(path, expected).expect("tests/data/golden.txt written");
    }
    assert!(
        committed() == expected,
        "tests/data/golden.txt is not what the reference finds; CENTRA_WRITE_GOLDEN=1 writes it anew"
    );
    assert_eq!(read(), cases, "the file is read back");
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

impl Case {
    fn same(&self, how: &str, labels: &[i32], centers: &[f64], inertia: f64, iterations: i64) {
        let name = &self.name;
        assert_eq!(labels, self.labels, "{name}: labels of {how}");
        assert_eq!(
            bits(centers),
            bits(&self.centers),
            "{name}: centers of {how}"
        );
        assert_eq!(
            inertia.to_bits(),
            self.inertia.to_bits(),
            "{name}: inertia of {how}"
        );
        assert_eq!(iterations, self.iterations, "{name}: iterations of {how}");
    }

    /// The settings, with the weights of some of the points.
    fn settings(&self, from: usize, n: usize) -> KMeans<'_> {
        let kmeans = KMeans::new(self.k).seed(self.seed).start(match self.init {
            PLUS_PLUS => Start::PlusPlus,
            RANDOM => Start::Random,
            _ => Start::Parallel,
        });
        match &self.weights {
            Some(weights) => kmeans.weights(&weights[from..][..n]),
            None => kmeans,
        }
    }

    fn check_fits(&self) {
        let (points, kmeans) = (
            self.points.view(0, self.n, self.d),
            self.settings(0, self.n),
        );
        let start = kmeans.seed_centers(&points).expect("a start");
        assert_eq!(bits(&start), bits(&self.start), "{}: start", self.name);
        for threads in [1, 2] {
            let kmeans = kmeans.clone().threads(threads);
            let from_start = kmeans.clone().start(Start::Centers(&self.start));
            for (how, kmeans) in [("a fit", kmeans), ("a fit from the start", from_start)] {
                let found = kmeans.fit(&points).expect("a fit");
                let report = found.report;
                self.same(
                    how,
                    &found.labels,
                    &found.centers,
                    report.inertia,
                    report.iterations,
                );
            }
        }
    }

    /// Each chunk: its first point, its number of points.
    fn each_chunk(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.chunks.iter().scan(0, |next, &n| {
            *next += n;
            Some((*next - n, n))
        })
    }

    fn check_stream(&self) {
        let (d, mut workspace) = (self.d, Workspace::new());
        let mut range = vec![0; streams::range_length(d).expect("a length")];
        for (from, n) in self.each_chunk() {
            let (points, kmeans) = (self.points.view(from, n, d), self.settings(from, n));
            kmeans
                .stream_range(&points, &mut range, &mut workspace)
                .expect("a range");
        }
        let stream = |from, n| {
            self.settings(from, n)
                .stream(self.n, d, &range)
                .expect("a stream")
        };
        let all = stream(0, self.n);
        let wanted = Wanted::default().inertia(true).moved(true);
        let (mut centers, mut labels) = (self.start.clone(), vec![0; self.n]);
        let mut state = State::default();
        while !state.done() {
            let mut sums = vec![0; all.sums_length().expect("a length")];
            for (from, n) in self.each_chunk() {
                let points = self.points.view(from, n, d);
                let labels = Some(&mut labels[from..][..n]);
                stream(from, n)
                    .sums(&points, &centers, labels, wanted, &mut sums, &mut workspace)
                    .expect("sums");
            }
            let length = all
                .farthest_length(&centers, &sums, &state)
                .expect("a length");
            let mut farthest = vec![0; length];
            for (from, n) in self.each_chunk().filter(|_| length > 0) {
                let points = self.points.view(from, n, d);
                stream(from, n)
                    .farthest(
                        &points,
                        &centers,
                        &sums,
                        from as u64,
                        &mut farthest,
                        &mut workspace,
                    )
                    .expect("farthest points");
            }
            all.relocate(&mut centers, &mut sums, &farthest, &mut state)
                .expect("a step");
        }
        assert_eq!(
            state.stopped_by,
            Some(StoppedBy::Converged),
            "{}",
            self.name
        );
        self.same(
            "a stream",
            &labels,
            &centers,
            state.inertia,
            state.iterations,
        );
    }
}

#[test]
fn rust_finds_it() {
    let cases = read();
    assert_eq!(cases.len(), 8);
    for case in &cases {
        case.check_fits();
        case.check_stream();
    }
}
