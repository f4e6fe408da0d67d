//! The table of iterations: its shapes, and what centra has to reach in them.

use crate::contenders::{centra_name, instruction_sets, without_bounds, Contender};
use crate::contenders::{FAISS, NUMBA, PLAIN_C, SCIKIT_LEARN};
use crate::machine::Meter;
use crate::python::Worker;
use crate::rounds::{compare, ratio, spread, Effort, Measure, Table, Task};

const fn iterations(n: usize, d: usize, k: usize, few: i64, many: i64) -> Task {
    let measure = Measure::Iteration { few, many };
    Task {
        n,
        d,
        k,
        spread: 16.0,
        measure,
    }
}

/// The counts are such that the data, overlapping blobs, are still on the move at the end (which is checked).
pub const TASKS: [Task; 8] = [
    iterations(1_000_000, 2, 10, 1, 21),
    iterations(1_000_000, 8, 16, 1, 17),
    iterations(200_000, 16, 64, 1, 16),
    iterations(100_000, 64, 256, 1, 7),
    iterations(50_000, 128, 1024, 1, 5),
    Task {
        // Where scikit-learn's copy of the data takes as long as ten iterations, ten are too few for a difference of times; and
        // blobs that are far apart are at rest by then.
        spread: 8.0,
        ..iterations(20_000, 784, 10, 1, 31)
    },
    iterations(20_000, 784, 100, 1, 13),
    Task {
        n: 5_000,
        d: 2,
        k: 10,
        spread: 16.0,
        measure: Measure::Convergence,
    },
];

/// The same, so small that all of it takes a moment: does it run, and are the answers the same?
pub fn smoke(task: Task) -> Task {
    let measure = match task.measure {
        Measure::Iteration { .. } => Measure::Iteration { few: 1, many: 3 },
        Measure::Convergence => Measure::Convergence,
    };
    Task {
        n: task.n.min(2_000),
        k: task.k.min(50),
        measure,
        ..task
    }
}

/// The contenders for this task, in turn.
pub fn run(
    task: Task,
    contenders: &[Contender],
    worker: &mut Result<Worker, String>,
    meter: &Meter,
    effort: Effort,
) -> Table {
    // Plain loops are Numba's where calls are short; elsewhere they are plain C's, and slow.
    let talk = matches!(task.measure, Measure::Convergence);
    let takes_part = |contender: &&Contender| talk || contender.name != NUMBA;
    let contenders: Vec<&Contender> = contenders.iter().filter(takes_part).collect();
    compare(task, &contenders, worker, meter, effort)
}

/// Something to reach.
pub struct Bar {
    pub task: Task,
    pub what: String,
    pub wanted: f64,
    /// Nothing where a contender is missing or the machine lacks the instructions.
    pub reached: Option<f64>,
    pub percent: bool,
}

/// What `name` reaches of the peak at `bits`, in f64.
pub fn of_peak(table: &Table, name: &str, bits: usize) -> Option<f64> {
    let timings = table.timings(name)?;
    let mut reached = Vec::new();
    for (milliseconds, peaks) in timings.measured.iter().zip(&table.peaks) {
        let peak = peaks.fma.iter().find(|fma| fma.bits == bits)?.double;
        reached.push(table.operations() / (milliseconds / 1e3) / peak);
    }
    Some(spread(reached).median)
}

/// The name of centra at its best on one thread.
pub fn centra_best() -> String {
    let sets = instruction_sets();
    centra_name(sets.last().expect("portable is one").1)
}

/// What is wanted of a table, one line each.
pub fn bars(table: &Table) -> Vec<Bar> {
    let task = table.task;
    let best = centra_best();
    let set = instruction_sets().last().expect("portable is one").1;
    let mut bars = Vec::new();
    let mut faster = |ours: &str, theirs: &str, wanted| {
        let both = table.timings(theirs).zip(table.timings(ours));
        bars.push(Bar {
            task,
            what: format!("{theirs} / {ours}"),
            wanted,
            reached: both.map(|(theirs, ours)| ratio(theirs, ours).median),
            percent: false,
        });
    };
    // As it is used, and looking at every point in every iteration, as most of the others do.
    let looking = without_bounds(set);
    for ours in [&best, &looking] {
        if let Measure::Convergence = task.measure {
            faster(ours, NUMBA, 5.0);
            faster(ours, SCIKIT_LEARN, 10.0);
        }
        match (task.d, task.k) {
            (2, _) if matches!(task.measure, Measure::Iteration { .. }) => {
                faster(ours, SCIKIT_LEARN, 8.0)
            }
            (8, 16) => faster(ours, SCIKIT_LEARN, 4.5),
            (16, 64) => {
                faster(ours, SCIKIT_LEARN, 4.5);
                faster(ours, FAISS, 2.8);
            }
            (64, 256) => {
                faster(ours, SCIKIT_LEARN, 4.5);
                faster(ours, FAISS, 2.0);
            }
            (128, 1024) => {
                faster(ours, SCIKIT_LEARN, 5.5);
                faster(ours, FAISS, 2.0);
            }
            (784, 10) => faster(ours, SCIKIT_LEARN, 3.3),
            (784, 100) => faster(ours, SCIKIT_LEARN, 3.5),
            _ => {}
        }
    }
    faster(&centra_name("portable"), PLAIN_C, 1.0);
    faster(&without_bounds("portable"), PLAIN_C, 1.0);
    let widest = table.peaks[0].fma.first().map_or(0, |fma| fma.bits);
    let mut reaches = |name: String, bits, wanted| {
        bars.push(Bar {
            task,
            what: format!("{name}, of the f64 FMA peak at {bits} bits"),
            wanted,
            reached: of_peak(table, &name, bits),
            percent: true,
        });
    };
    match (task.d, task.k) {
        // Work that bounds spare would count as done.
        (64, 256) => reaches(without_bounds(set), widest, 1.2),
        (128, 1024) => {
            reaches(without_bounds(set), widest, 1.6);
            reaches(without_bounds("AVX2"), 256, 0.85);
        }
        _ => {}
    }
    bars
}
