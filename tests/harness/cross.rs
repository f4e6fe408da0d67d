//! What tests cross: each of these tests goes through every combination of the values that it states here, and nowhere else.
//! docs/what-tests-cross.md shows them, and which pairs of values no test has.

use super::{ISAS, PLACES, SPARSE};
use centra::{Algorithm, Isa};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Call {
    Assign,
    Update,
    Inertia,
    SeedGreedy,
    SeedParallel,
    SeedRandom,
    FitGiven,
    FitGreedy,
    FitRandom,
    Stream,
}

/// The calls, but for fits from random rows, which are those of other rows.
pub const CALLS: &[Call] = &[
    Call::Assign,
    Call::Update,
    Call::Inertia,
    Call::SeedGreedy,
    Call::SeedParallel,
    Call::SeedRandom,
    Call::FitGiven,
    Call::FitGreedy,
    Call::Stream,
];

pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Auto, Algorithm::Lloyd, Algorithm::Hamerly];

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Threads {
    One,
    /// Two, which only restarts side by side find enough work for.
    TwoAsked,
    /// Two, and enough work for them.
    TwoAtWork,
}

/// A test, and the values that it crosses.
pub struct Cross {
    pub test: &'static str,
    pub calls: &'static [Call],
    pub algorithms: &'static [Algorithm],
    pub n_init: &'static [u32],
    /// Which copies of the points: rows and columns, without gaps and with them, and sparse rows.
    pub copies: &'static [usize],
    /// Whether there are weights.
    pub weights: &'static [bool],
    pub threads: &'static [Threads],
    pub isas: &'static [Isa],
    pub d: &'static [usize],
    pub k: &'static [usize],
    /// Whether each k goes with one d, and not with all.
    pub tied: bool,
}

const ALL_COPIES: &[usize] = &[0, 1, 2, 3, SPARSE[0]];
const BOTH: &[bool] = &[false, true];

/// Dimensions and centers around the switches of what is for few of them.
pub const SMALL: Cross = Cross {
    test: "crossed.rs: `few_dimensions_and_centers`, `…_with_weights`",
    calls: CALLS,
    algorithms: &ALGORITHMS,
    n_init: &[1, 2],
    copies: ALL_COPIES,
    weights: BOTH,
    threads: &[Threads::One, Threads::TwoAsked],
    isas: &ISAS,
    d: &[1, 2, 4, 5, 8, 9, 16, 17, 31, 32, 33],
    k: &[1, 2, 3, 4, 8, 9, 32, 33],
    tied: false,
};

/// Dimensions around the switches of what is for many.
pub const WIDE: Cross = Cross {
    test: "crossed.rs: `many_dimensions`, `…_with_weights`",
    n_init: &[1],
    copies: &[0, 3, SPARSE[0]],
    d: &[1024, 1025, 2048, 2049],
    k: &[3, 32],
    ..SMALL
};

/// Centers around the switches of what is for many.
pub const MANY: Cross = Cross {
    test: "crossed.rs: `many_centers`",
    n_init: &[1],
    copies: &[0, 3, SPARSE[0]],
    d: &[1, 2, 32],
    k: &[191, 192, 255, 256],
    ..SMALL
};

/// So many points that two threads find enough work.
pub const LONG: Cross = Cross {
    test: "crossed.rs: `enough_work_for_threads`",
    n_init: &[1],
    threads: &[Threads::One, Threads::TwoAtWork],
    d: &[8, 33],
    k: &[9, 33],
    ..SMALL
};

/// Each restart a run of its own.
pub const RESTARTS: Cross = Cross {
    test: "restarts.rs: `each_…_restart_is_a_run_of_its_own`",
    calls: &[Call::FitGreedy, Call::FitRandom],
    n_init: &[1, 2, 7, 20],
    d: &[1, 2, 8, 9, 31, 32, 33, 64, 1023, 1024, 1025],
    k: &[4, 4, 5, 3, 4, 3, 4, 3, 3, 3, 3],
    tied: true,
    ..SMALL
};

const ALL: [&Cross; 5] = [&SMALL, &WIDE, &MANY, &LONG, &RESTARTS];

/// The dimensions that are crossed, and how many there are before d and k.
const DIMENSIONS: [&str; 9] = [
    "call",
    "algorithm",
    "n_init",
    "layout",
    "weights",
    "threads",
    "level",
    "d",
    "k",
];
const D: usize = 7;
const K: usize = 8;

fn words<T: Copy>(values: &[T], word: impl Fn(T) -> String) -> Vec<String> {
    let mut words = Vec::new();
    for &value in values {
        let word = word(value);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

impl Cross {
    /// The shapes, d and k.
    pub fn shapes(&self) -> Vec<(usize, usize)> {
        if self.tied {
            return self.d.iter().copied().zip(self.k.iter().copied()).collect();
        }
        let each = |&d| self.k.iter().map(move |&k| (d, k));
        self.d.iter().flat_map(each).collect()
    }

    /// Threads to ask for.
    pub fn counts(&self) -> Vec<usize> {
        let count = |&threads: &Threads| if threads == Threads::One { 1 } else { 2 };
        self.threads.iter().map(count).collect()
    }

    /// The values of each dimension, in words.
    fn values(&self) -> [Vec<String>; 9] {
        let call = |call| {
            match call {
                Call::Assign => "assign",
                Call::Update => "update",
                Call::Inertia => "inertia",
                Call::SeedGreedy => "seed, k-means++",
                Call::SeedParallel => "seed, k-means‖",
                Call::SeedRandom => "seed, random",
                Call::FitGiven => "fit, given",
                Call::FitGreedy => "fit, k-means++",
                Call::FitRandom => "fit, random",
                Call::Stream => "stream",
            }
            .to_string()
        };
        let copy = |copy: usize| {
            let places = ["rows", "rows, gaps", "columns", "columns, gaps"];
            places
                .get(copy)
                .copied()
                .unwrap_or("sparse rows")
                .to_string()
        };
        let weights = |weights: bool| if weights { "some" } else { "none" }.to_string();
        let threads = |threads| {
            match threads {
                Threads::One => "1",
                Threads::TwoAsked => "2 asked for",
                Threads::TwoAtWork => "2 at work",
            }
            .to_string()
        };
        assert!(self
            .copies
            .iter()
            .all(|&copy| copy < PLACES || copy == SPARSE[0]));
        [
            words(self.calls, call),
            words(self.algorithms, |algorithm| {
                format!("{algorithm:?}").to_lowercase()
            }),
            words(self.n_init, |n_init| n_init.to_string()),
            words(self.copies, copy),
            words(self.weights, weights),
            words(self.threads, threads),
            words(self.isas, |isa| format!("{isa:?}").to_lowercase()),
            words(self.d, |d| d.to_string()),
            words(self.k, |k| k.to_string()),
        ]
    }

    /// All pairs of values of two dimensions that some combination has.
    fn pairs(&self, (a, b): (usize, usize)) -> BTreeSet<(String, String)> {
        if (a, b) == (D, K) {
            let words = self
                .shapes()
                .into_iter()
                .map(|(d, k)| (d.to_string(), k.to_string()));
            return words.collect();
        }
        let values = self.values();
        let each = |a: &String| {
            values[b]
                .iter()
                .map(|b| (a.clone(), b.clone()))
                .collect::<Vec<_>>()
        };
        values[a].iter().flat_map(each).collect()
    }
}

/// The values of all tests, in the order in which they come.
fn all_values() -> [Vec<String>; 9] {
    let mut all: [Vec<String>; 9] = Default::default();
    for cross in ALL {
        for (all, values) in all.iter_mut().zip(cross.values()) {
            for value in values {
                if !all.contains(&value) {
                    all.push(value);
                }
            }
        }
    }
    for sizes in [2, D, K] {
        all[sizes].sort_by_key(|size| size.parse::<usize>().expect("a number"));
    }
    all
}

/// A value of one dimension, and those of another that no combination has with it.
type Never = (String, Vec<String>);

/// The pairs of dimensions that are not fully crossed, and for each value of the first those of the second that it never meets.
pub fn holes() -> BTreeMap<(usize, usize), Vec<Never>> {
    let all = all_values();
    let mut holes = BTreeMap::new();
    for a in 0..DIMENSIONS.len() {
        for b in a + 1..DIMENSIONS.len() {
            let met: BTreeSet<_> = ALL.iter().flat_map(|cross| cross.pairs((a, b))).collect();
            let missing = all[a].iter().filter_map(|first| {
                let never = all[b]
                    .iter()
                    .filter(|second| !met.contains(&(first.to_string(), second.to_string())));
                let never: Vec<String> = never.cloned().collect();
                (!never.is_empty()).then(|| (first.clone(), never))
            });
            let missing: Vec<_> = missing.collect();
            if !missing.is_empty() {
                holes.insert((a, b), missing);
            }
        }
    }
    holes
}

/// How a pair of dimensions is written.
pub fn pair((a, b): (usize, usize)) -> String {
    format!("{} × {}", DIMENSIONS[a], DIMENSIONS[b])
}

/// The tables of the page: the tests and what they cross, the pairs of dimensions, and the pairs of values that no test has.
pub fn tables() -> String {
    let mut text = String::from("| test |");
    for name in DIMENSIONS {
        text += &format!(" {name} |");
    }
    text += &format!("\n|---|{}\n", "---|".repeat(DIMENSIONS.len()));
    let all = all_values();
    for cross in ALL {
        text += &format!("| {} |", cross.test);
        for (index, (values, all)) in cross.values().iter().zip(&all).enumerate() {
            let cell = match values.len() == all.len() && all.len() > 2 {
                true => "all".to_string(),
                false => values.join("; "),
            };
            let cell = if index == K && cross.tied {
                format!("one with each d: {cell}")
            } else {
                cell
            };
            text += &format!(" {cell} |");
        }
        text += "\n";
    }
    let holes = holes();
    text += "\nPairs of dimensions: every value of the one meets every value of the other in some test, or how many pairs do.\n\n| |";
    for name in &DIMENSIONS[1..] {
        text += &format!(" {name} |");
    }
    text += &format!("\n|---|{}\n", "---|".repeat(DIMENSIONS.len() - 1));
    for a in 0..DIMENSIONS.len() - 1 {
        text += &format!("| **{}** |", DIMENSIONS[a]);
        for b in 1..DIMENSIONS.len() {
            let cell = match holes.get(&(a, b)) {
                _ if b <= a => String::new(),
                None => "all".to_string(),
                Some(missing) => {
                    let never: usize = missing.iter().map(|(_, never)| never.len()).sum();
                    let pairs = all[a].len() * all[b].len();
                    format!("{} of {pairs}", pairs - never)
                }
            };
            text += &format!(" {cell} |");
        }
        text += "\n";
    }
    text += "\nPairs of values that no test has:\n\n";
    for (&which, missing) in &holes {
        // Values that miss the same ones are listed together.
        let mut grouped: Vec<(Vec<&str>, &[String])> = Vec::new();
        for (first, never) in missing {
            match grouped
                .iter_mut()
                .find(|(_, same)| *same == never.as_slice())
            {
                Some((firsts, _)) => firsts.push(first),
                None => grouped.push((vec![first], never)),
            }
        }
        let listed = grouped
            .iter()
            .map(|(firsts, never)| format!("{} with {}", firsts.join("; "), never.join("; ")));
        text += &format!(
            "- {}: {}\n",
            pair(which),
            listed.collect::<Vec<_>>().join(" | ")
        );
    }
    text
}
