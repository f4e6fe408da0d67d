//! Bytes, decoded into a call, along a way through the C ABI and another way, and against the reference: what `tests/fuzz` checks,
//! driven by libFuzzer, which looks for bytes that reach what none before them reached.
#![no_main]
#![allow(dead_code)] // of the driver, a part is used here

#[path = "../fuzz/c.rs"]
mod c;
#[path = "../fuzz/call.rs"]
mod call;
#[path = "../fuzz/case.rs"]
mod case;
#[path = "../fuzz/families.rs"]
mod families;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../reference/mod.rs"]
mod reference;
#[path = "../options/mod.rs"]
mod options;

use call::Patience;
use case::{Call, Case, Form, Way, ALGORITHMS, CALLS, EMPTIES, INITS};
use harness::data::{two_to, Rng};
use harness::{COPIES, ISAS};

const PATIENCE: Patience = Patience {
    pairs: 1 << 16,
    sums: 1 << 11,
    more_ways: 0,
};

/// Coordinates compared in one pass, at most.
const MOST: usize = 1 << 14;

const SIZES: [usize; 32] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 17, 20, 24, 31, 32, 33, 40, 47, 48, 49, 63, 64, 65,
    96, 100, 127, 128, 129, 200,
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let case = decoded(Bytes(bytes));
    if let Err(difference) = case.check(PATIENCE) {
        panic!("{difference}\n{}", case.written());
    }
});

/// What is left of the bytes; zeros follow them.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.next()) % bound
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.next()))
    }

    fn way(&mut self, in_c: bool) -> Way {
        Way {
            isa: self.of(&ISAS),
            threads: [1, 1, 1, 1, 1, 1, 1, 2][self.below(8)],
            copy: self.below(COPIES),
            algorithm: self.of(&ALGORITHMS),
            form: {
                let seed = u64::from(self.next()) << 8 | u64::from(self.next());
                match self.below(if in_c { 2 } else { 5 }) {
                    0 => Form::InC(seed),
                    1 => Form::ChunksInC(seed),
                    2 => Form::Chunks(seed),
                    3 => Form::Lent,
                    _ => Form::Owned,
                }
            },
        }
    }

    /// A coordinate of a family: one byte, or eight.
    fn coordinate(&mut self, family: usize) -> f64 {
        match family {
            0 => f64::from(self.next() as i8),
            1 => f64::from(self.next()) * 0.1,
            2 => 1e15 + f64::from(self.next()) * 0.125,
            3 => {
                let byte = i32::from(self.next() as i8);
                f64::from(byte.signum()) * two_to(8 * (byte.abs() - 64))
            }
            4 => f64::from_bits(self.word()),
            5 => f64::from(self.next() as i8) * 5e-324,
            6 => {
                let byte = self.next();
                f64::from(byte as i8) * [1e150, 1e-150, 1.0, 1e75][usize::from(byte) % 4]
            }
            7 => 1.0 + f64::from(self.next()) * f64::EPSILON,
            8 => f64::from(self.next() as i8) * two_to(503),
            9 => f64::from(self.next() as i8) * two_to(-538),
            10 => [0.0, -0.0, 1.0, -1.0][self.below(4)],
            _ => f64::from(self.next()) / 256.0,
        }
    }
}

fn decoded(mut bytes: Bytes) -> Case {
    let call = bytes.of(&CALLS);
    let (d, k) = (bytes.of(&SIZES), bytes.of(&SIZES));
    let init = match call {
        Call::Seed => bytes.of(&INITS[1..]),
        _ => bytes.of(&INITS),
    };
    let mut case = Case {
        call,
        init,
        empty: bytes.of(&EMPTIES),
        n_init: [1, 1, 1, 1, 2, 3, 5][bytes.below(7)],
        max_iter: [0, 1, 2, 3, 5, 7, 10][bytes.below(7)],
        tol: [0.0, 0.0, 0.0, 1e-4, 1.0, 1e6, -1.0, f64::NAN][bytes.below(8)],
        seed: bytes.next().into(),
        stop: match (call, bytes.below(16)) {
            (Call::Fit, stop @ 1..4) => Some(stop as u64),
            _ => None,
        },
        ways: [bytes.way(true), bytes.way(false)],
        labels: Vec::new(),
        input: harness::Case {
            name: "of bytes".into(),
            d,
            x: Vec::new(),
            start: Vec::new(),
            weights: None,
        },
    };
    let (family, nudge) = (bytes.below(12), bytes.below(4) == 0);
    let copies = [1, 1, 1, 2, 7, 50, 400][bytes.below(7)];
    let most = (MOST / (d * k)).max(1);
    let rows = (1 + bytes.below(64)).min(most);
    let n = (rows * copies).min(most);
    let mut first: Vec<f64> = Vec::with_capacity(rows * d);
    while first.len() < rows * d && !bytes.0.is_empty() || first.len() < d {
        first.push(bytes.coordinate(family));
    }
    let rng = &mut Rng(case.seed);
    // The rows that there are bytes for, over and over.
    case.input.x = (0..n * d)
        .map(|at| {
            let x = first[at % first.len()];
            match nudge && x != 0.0 && x.is_finite() {
                true => f64::from_bits(x.to_bits() ^ (rng.next() & 1)),
                false => x,
            }
        })
        .collect();
    for _ in 0..k {
        let from = bytes.below(n) * d;
        let row = case.input.x[from..from + d].to_vec();
        case.input.start.extend(row);
    }
    for _ in 0..bytes.below(4) {
        let at = usize::from(bytes.next()) << 8 | usize::from(bytes.next());
        case.input.start[at % (k * d)] = bytes.coordinate(family);
    }
    let weights = [0.0, 1.0, 2.0, 3.0, 0.1, 0.5, 1e-300, 1e100, 5e-324, -1.0];
    let kinds = [0, 0, 1, 4, 6, 9, 10][bytes.below(7)];
    if kinds > 0 {
        let some: Vec<f64> = (0..17).map(|_| weights[bytes.below(kinds)]).collect();
        case.input.weights = Some((0..n).map(|p| some[p % 17]).collect());
    }
    let some: Vec<i32> = (0..17).map(|_| bytes.below(k) as i32).collect();
    case.labels = (0..n).map(|p| some[p % 17]).collect();
    if bytes.below(16) == 15 {
        case.labels[0] = [-1, k as i32][bytes.below(2)];
    }
    case
}
