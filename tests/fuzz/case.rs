//! A call with all of its input, how it is drawn, and how it is written to a file and read again.

use crate::families;
use crate::harness::data::Rng;
use crate::harness::{self, COPIES_AND_SPARSE, ISAS};
use crate::options::Init;
use centra::{Algorithm, Empty, Isa};
use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Fit,
    Assign,
    Update,
    Inertia,
    Seed,
    /// In Rust alone, as the next.
    Distances,
    Clusters,
}

/// How a call gets its memory, or its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It allocates.
    Owned,
    /// In the caller's workspace.
    Lent,
    /// The points come in chunks, reduced as ranks would, cut and ordered by this seed; a call for which there is no such form is lent.
    Chunks(u64),
    /// Through the C ABI, in a manner that is drawn from this seed.
    InC(u64),
    /// In chunks through the C ABI; a call for which there is no such form is made on all points at once.
    ChunksInC(u64),
}

/// One of the ways to the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub isa: Isa,
    pub threads: usize,
    /// Rows or columns, with gaps or without; of doubles, or of floats or bytes where these hold the same numbers; or sparse rows. Chunks
    /// are cut from copies of their own.
    pub copy: usize,
    pub algorithm: Algorithm,
    pub form: Form,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub call: Call,
    pub input: harness::Case,
    /// What update and inertia read.
    pub labels: Vec<i32>,
    pub init: Init,
    pub empty: Empty,
    pub n_init: u32,
    pub max_iter: u64,
    pub tol: f64,
    pub seed: u64,
    /// After so many iterations, of all restarts together, the caller stops the fit.
    pub stop: Option<u64>,
    pub ways: [Way; 2],
}

/// What cases are to show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// All of the library, next to every switch.
    Switches,
    /// As many labels as the reference can compute in the time.
    Labels,
}

pub const CALLS: [Call; 7] = [
    Call::Fit,
    Call::Assign,
    Call::Update,
    Call::Inertia,
    Call::Seed,
    Call::Distances,
    Call::Clusters,
];
pub const INITS: [Init; 4] = [
    Init::Given,
    Init::KmeansPlusPlus,
    Init::Random,
    Init::Parallel,
];
pub const EMPTIES: [Empty; 3] = [Empty::Relocate, Empty::Keep, Empty::Error];
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Auto, Algorithm::Lloyd, Algorithm::Hamerly];

/// Sizes at which something changes in the library, or next to one.
const EDGES: &[usize] = &[
    1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 15, 16, 17, 20, 24, 31, 32, 33, 40, 47, 48, 49, 57, 58, 60, 63,
    64, 65, 66, 73, 74, 75, 95, 96, 97, 100, 127, 128, 129, 142, 143, 144, 191, 192, 193, 200, 255,
    256, 257, 400, 511, 512, 513, 784, 1000, 1023, 1024, 1025, 1600, 2047, 2048, 2049, 4095, 4096,
    4097, 8191, 8192, 8193, 16383, 16384, 16385,
];

impl Way {
    pub fn drawn(rng: &mut Rng) -> Way {
        Way {
            isa: ISAS[rng.below(ISAS.len())],
            threads: 1 + rng.below(4),
            copy: rng.below(COPIES_AND_SPARSE),
            algorithm: ALGORITHMS[rng.below(ALGORITHMS.len())],
            form: match rng.below(8) {
                0 => Form::Owned,
                1 => Form::Chunks(rng.next()),
                2 => Form::ChunksInC(rng.next()),
                3 | 4 => Form::Lent,
                _ => Form::InC(rng.next()),
            },
        }
    }
}

impl Case {
    pub fn n(&self) -> usize {
        self.input.n()
    }

    pub fn drawn(seed: u64, weighting: Weighting) -> Case {
        let rng = &mut Rng(seed);
        // One in eight has the other weighting, so that no mixture of both is left out.
        let many = weighting == Weighting::Labels && rng.below(8) > 0;
        let call = match many {
            true => CALLS[[0, 1, 1][rng.below(3)]],
            false => CALLS[[0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 4, 5, 6][rng.below(14)]],
        };
        let (n, d, k) = match many {
            true => many_points(rng),
            false => shape(call, rng),
        };
        let (name, x, start) = families::points_and_start((n, d, k), rng);
        let weights = families::weights(n, rng);
        let iterations = if many { 4 } else { 10 };
        let max_iter = [0, 1, 2, 3, 4, 6, 10, 20, 40, 300][rng.below(iterations)];
        let afford = (1 << 27) / (n * d * k * (max_iter as usize).clamp(1, 20) + 1);
        let mut case = Case {
            call,
            labels: (0..n).map(|_| rng.below(k) as i32).collect(),
            init: match call {
                Call::Seed => INITS[1 + rng.below(3)],
                // The reference seeds over all pairs.
                _ if many => INITS[[0, 0, 0, 0, 1, 2][rng.below(6)]],
                _ => INITS[rng.below(4)],
            },
            empty: EMPTIES[[0, 0, 1, 1, 2][rng.below(5)]],
            n_init: match rng.below(3) {
                0 if !many => 1 + rng.below(20.min(afford + 1)) as u32,
                _ => 1,
            },
            max_iter,
            tol: [0.0, 0.0, 0.0, 1e-4, 0.5, 100.0][rng.below(6)],
            seed: rng.next(),
            stop: match (call, rng.below(6)) {
                (Call::Fit, 0) => Some(1 + rng.below(12) as u64),
                _ => None,
            },
            ways: [Way::drawn(rng), Way::drawn(rng)],
            input: harness::Case {
                name,
                d,
                x,
                start,
                weights,
            },
        };
        // Numbers that copies of floats and of bytes can hold.
        match rng.below(5) {
            0 => case.round(|x| f64::from(x as f32)),
            1 => case.round(|x| (x.abs() % 256.0).floor()),
            _ => {}
        }
        if rng.below(25) == 0 {
            case.spoil(rng);
        }
        case
    }

    /// Rounds coordinates, where that leaves them finite.
    fn round(&mut self, to: impl Fn(f64) -> f64) {
        for x in self.input.x.iter_mut().chain(&mut self.input.start) {
            let rounded = to(*x);
            if rounded.is_finite() {
                *x = rounded;
            }
        }
    }

    /// Makes the case one that is refused, as a rule.
    fn spoil(&mut self, rng: &mut Rng) {
        let bad = [f64::NAN, f64::INFINITY, 1e300, -f64::MAX][rng.below(4)];
        let input = &mut self.input;
        match rng.below(6) {
            0 | 1 if !input.x.is_empty() => {
                let at = rng.below(input.x.len());
                input.x[at] = bad;
            }
            2 => {
                let at = rng.below(input.start.len());
                input.start[at] = bad;
            }
            3 => {
                let bad = [bad, -1.0][rng.below(2)];
                if let Some(weights) = &mut input.weights {
                    let at = rng.below(weights.len());
                    weights[at] = bad;
                }
            }
            4 if !self.labels.is_empty() => {
                let at = rng.below(self.labels.len());
                self.labels[at] = [-1, input.k() as i32][rng.below(2)];
            }
            _ => self.tol = [f64::NAN, -1.0][rng.below(2)],
        }
    }
}

/// Many points of few dimensions, and few centers: the reference labels as many as it can.
fn many_points(rng: &mut Rng) -> (usize, usize, usize) {
    let d = [1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 7, 8, 9, 16, 17, 33][rng.below(16)];
    let k = [1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 15, 16, 17, 33, 65][rng.below(16)];
    let most = (1 << 20) / (d * k).max(8);
    (k + rng.below(most), d, k)
}

fn shape(call: Call, rng: &mut Rng) -> (usize, usize, usize) {
    let widest = [20, 70, 300, 2100][rng.below(4)];
    let mut edge = |most: usize| loop {
        let edge = EDGES[rng.below(EDGES.len())];
        if edge <= most {
            return edge;
        }
    };
    let (mut n, mut d, mut k) = (edge(20_000), edge(widest), edge(600));
    let most = 1usize << (8 + rng.below(16));
    while n * d * k > most {
        // Shrink any of the two larger, so that each is the large one at times.
        match rng.below(3) {
            0 if n > 1 => n = n * 3 / 4,
            1 if d > 1 => d = d * 3 / 4,
            _ if k > 1 => k = k * 3 / 4,
            _ => {}
        }
    }
    let needs_points = matches!(call, Call::Fit | Call::Seed);
    if needs_points && k > n && rng.below(20) > 0 {
        (n, k) = (k, n);
    }
    if !needs_points && rng.below(50) == 0 {
        n = 0;
    }
    (n, d, k)
}

fn index<T: PartialEq>(all: &[T], one: &T) -> usize {
    all.iter()
        .position(|other| other == one)
        .expect("one of all")
}

fn reals(numbers: &[f64]) -> String {
    let words: Vec<String> = numbers
        .iter()
        .map(|x| format!("{:x}", x.to_bits()))
        .collect();
    words.join(" ")
}

impl Case {
    /// As text, each number by its bits.
    pub fn written(&self) -> String {
        let mut text = format!(
            "# {}, n {}, k {}\n",
            self.input.name,
            self.n(),
            self.input.k()
        );
        let mut line = |key: &str, value: String| writeln!(text, "{key} {value}").expect("memory");
        line("call", index(&CALLS, &self.call).to_string());
        line("init", index(&INITS, &self.init).to_string());
        line("empty", index(&EMPTIES, &self.empty).to_string());
        line("n_init", self.n_init.to_string());
        line("max_iter", self.max_iter.to_string());
        line("tol", reals(&[self.tol]));
        line("seed", self.seed.to_string());
        if let Some(stop) = self.stop {
            line("stop", stop.to_string());
        }
        for way in self.ways {
            let form = match way.form {
                Form::Owned => "owned".to_string(),
                Form::Lent => "lent".to_string(),
                Form::Chunks(seed) => seed.to_string(),
                Form::InC(seed) => format!("c:{seed}"),
                Form::ChunksInC(seed) => format!("chunks-c:{seed}"),
            };
            let (isa, algorithm) = (index(&ISAS, &way.isa), index(&ALGORITHMS, &way.algorithm));
            line(
                "way",
                format!("{isa} {} {} {algorithm} {form}", way.threads, way.copy),
            );
        }
        line("d", self.input.d.to_string());
        line("x", reals(&self.input.x));
        line("start", reals(&self.input.start));
        if let Some(weights) = &self.input.weights {
            line("weights", reals(weights));
        }
        let labels: Vec<String> = self.labels.iter().map(i32::to_string).collect();
        line("labels", labels.join(" "));
        text
    }

    /// From [`Case::written`]; panics where the text is no case.
    pub fn read(name: &str, text: &str) -> Case {
        let values = |key: &str| -> Vec<&str> {
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            lines
                .filter(|(word, _)| *word == key)
                .map(|(_, value)| value)
                .collect()
        };
        let value = |key: &str| -> &str { values(key)[0] };
        let number = |key: &str| -> usize { value(key).parse().expect("a number") };
        let reals = |text: &str| -> Vec<f64> {
            let bits = text
                .split_whitespace()
                .map(|word| u64::from_str_radix(word, 16));
            bits.map(|bits| f64::from_bits(bits.expect("bits")))
                .collect()
        };
        let ways: Vec<Way> = values("way").iter().map(|text| way(text)).collect();
        let labels = value("labels").split_whitespace();
        Case {
            call: CALLS[number("call")],
            init: INITS[number("init")],
            empty: EMPTIES[number("empty")],
            n_init: number("n_init") as u32,
            max_iter: number("max_iter") as u64,
            tol: reals(value("tol"))[0],
            seed: value("seed").parse().expect("a seed"),
            stop: values("stop")
                .first()
                .map(|text| text.parse().expect("a number")),
            ways: [ways[0], ways[1]],
            labels: labels
                .map(|label| label.parse().expect("a label"))
                .collect(),
            input: harness::Case {
                name: name.into(),
                d: number("d"),
                x: reals(value("x")),
                start: reals(value("start")),
                weights: values("weights").first().map(|text| reals(text)),
            },
        }
    }
}

fn way(text: &str) -> Way {
    let words: Vec<&str> = text.split(' ').collect();
    let number = |at: usize| -> usize { words[at].parse().expect("a number") };
    Way {
        isa: ISAS[number(0)],
        threads: number(1),
        copy: number(2),
        algorithm: ALGORITHMS[number(3)],
        form: match words[4].split_once(':') {
            Some(("c", seed)) => Form::InC(seed.parse().expect("a seed")),
            Some((_, seed)) => Form::ChunksInC(seed.parse().expect("a seed")),
            None => match words[4] {
                "owned" => Form::Owned,
                "lent" => Form::Lent,
                seed => Form::Chunks(seed.parse().expect("a seed")),
            },
        },
    }
}
