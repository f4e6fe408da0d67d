//! The table of iterations: its shapes, and what centra has to reach in them.

use crate::contenders::{centra_name, instruction_sets, on_floats, without_bounds, Contender};
use crate::contenders::{
    AMX, AOCL, AOCL_F32, ELKAN, FAISS, MLPACK, NUMBA, ONEDAL, PLAIN_C, SCIKIT_LEARN, SUPERKMEANS,
};
use crate::machine::Meter;
use crate::python::Worker;
use crate::rounds::{compare, ratio, spread, Data, Effort, Measure, Table, Task};

const fn iterations(n: usize, d: usize, k: usize, few: i64, many: i64) -> Task {
    let measure = Measure::Iteration { few, many };
    Task {
        n,
        d,
        k,
        data: Data::Blobs { spread: 16.0 },
        measure,
    }
}

/// The counts are such that the data are still on the move at the end (which is checked).
pub const TASKS: [Task; 12] = [
    iterations(1_000_000, 2, 10, 1, 21),
    iterations(1_000_000, 8, 16, 1, 17),
    iterations(200_000, 16, 64, 1, 16),
    iterations(100_000, 64, 256, 1, 7),
    iterations(50_000, 128, 1024, 1, 5),
    Task {
        // Where scikit-learn's copy of the data takes as long as ten iterations, ten are too few for a difference of times; and
        // blobs that are far apart are at rest by then.
        data: Data::Blobs { spread: 8.0 },
        ..iterations(20_000, 784, 10, 1, 31)
    },
    iterations(20_000, 784, 100, 1, 13),
    iterations(50_000, 768, 1024, 1, 3),
    iterations(200_000, 128, 4096, 1, 3),
    Task {
        data: Data::Embeddings,
        ..iterations(50_000, 128, 1024, 1, 5)
    },
    Task {
        data: Data::Embeddings,
        ..iterations(50_000, 768, 1024, 1, 3)
    },
    Task {
        n: 5_000,
        d: 2,
        k: 10,
        data: Data::Blobs { spread: 16.0 },
        measure: Measure::Convergence,
    },
];

/// Multiply-adds of all distances.
fn products(task: Task) -> usize {
    task.n * task.d * task.k
}

/// Whether an iteration takes seconds: only the libraries take part then, and in fewer rounds.
fn large(task: Task) -> bool {
    products(task) > 30_000_000_000
}

/// The same, so small that all of it takes a moment: does it run, and are the answers the same? Nothing for what is large.
pub fn smoke(task: Task) -> Option<Task> {
    if large(task) {
        return None;
    }
    let measure = match task.measure {
        Measure::Iteration { .. } => Measure::Iteration { few: 1, many: 3 },
        Measure::Convergence => Measure::Convergence,
    };
    Some(Task {
        n: task.n.min(2_000),
        k: task.k.min(50),
        measure,
        ..task
    })
}

/// Whether somebody is for work like this.
fn takes_part(name: &str, threads: usize, task: Task) -> bool {
    if large(task) {
        let set = instruction_sets().pop().expect("portable is one").1;
        let ours = [centra_name(set), without_bounds(set), on_floats(set)];
        let theirs = [SCIKIT_LEARN, ONEDAL, AOCL, AOCL_F32, FAISS];
        let mut theirs = theirs.iter().chain(&SUPERKMEANS);
        return threads == 1 && (ours.iter().any(|our| our == name) || theirs.any(|t| *t == name));
    }
    match name {
        // Plain loops are Numba's where calls are short; elsewhere they are plain C's, and slow.
        NUMBA => matches!(task.measure, Measure::Convergence),
        // It has plain loops too, and takes ten times as long as others.
        MLPACK => products(task) < 300_000_000,
        // It is three times as slow as its other algorithm.
        ELKAN => task.k <= 100,
        // They are for many dimensions.
        _ if SUPERKMEANS.contains(&name) => task.d >= 64,
        _ => true,
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
    let takes_part = |contender: &&Contender| takes_part(&contender.name, contender.threads, task);
    let contenders: Vec<&Contender> = contenders.iter().filter(takes_part).collect();
    let rounds = match large(task) {
        true => effort.rounds.min(2),
        false => effort.rounds,
    };
    let effort = Effort { rounds, ..effort };
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

/// The same on floats.
pub fn centra_best_on_floats() -> String {
    let sets = instruction_sets();
    on_floats(sets.last().expect("portable is one").1)
}

/// What is wanted of a table, one line each.
pub fn bars(table: &Table) -> Vec<Bar> {
    let task = table.task;
    let best = centra_best();
    let set = instruction_sets().last().expect("portable is one").1;
    // Tests leave more open of embeddings: half is wanted.
    let (part, blobs) = match task.data {
        Data::Blobs { .. } => (1.0, true),
        Data::Embeddings => (0.5, false),
    };
    let mut bars = Vec::new();
    let mut faster = |ours: &str, theirs: &str, wanted: f64| {
        let both = table.timings(theirs).zip(table.timings(ours));
        bars.push(Bar {
            task,
            what: format!("{theirs} / {ours}"),
            wanted: wanted * part,
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
    let by_tiles = match (task.d, task.k) {
        _ if set != AMX => None,
        (64, 256) => Some([9.0, 3.2]),
        (128, 1024) => Some([18.0, 6.0]),
        (128, 4096) => Some([25.0, 7.0]),
        (768, 1024) => Some([20.0, 5.0]),
        (784, 100) => Some([7.0, 2.3]),
        _ => None,
    };
    if let Some([over_scikit_learn, over_faiss]) = by_tiles {
        faster(&best, SCIKIT_LEARN, over_scikit_learn);
        faster(&best, FAISS, over_faiss);
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
        (128, 1024) if blobs => {
            reaches(without_bounds(set), widest, 1.6);
            reaches(without_bounds("AVX2"), 256, 0.85);
        }
        _ => {}
    }
    bars
}
