//! Takes turns: in every round each contender runs once, so that a noisy neighbour meets all of them, and only times of the
//! same round are divided by one another.

use crate::contenders::{instruction_sets, Arena, Contender, Family};
use crate::data::Work;
use crate::embeddings::embeddings;
use crate::machine::{Meter, Peaks};
use crate::options::{self, Options};
use crate::python::Worker;
use centra::Empty;

/// What is timed.
#[derive(Clone, Copy)]
pub enum Measure {
    /// What an iteration takes: the time of a fit of `many` iterations less that of a fit of `few`, over the difference. So
    /// what a fit does once (validation, copies, the last assignment, the inertia) counts for nobody.
    Iteration { few: i64, many: i64 },
    /// What a fit takes until no label changes, all included.
    Convergence,
}

/// The work of a table.
#[derive(Clone, Copy)]
pub struct Task {
    pub n: usize,
    pub d: usize,
    pub k: usize,
    pub data: Data,
    pub measure: Measure,
}

/// What data are like.
#[derive(Clone, Copy)]
pub enum Data {
    /// Overlapping blobs, and how far they are apart.
    Blobs { spread: f64 },
    /// See [`embeddings`].
    Embeddings,
}

impl Task {
    pub fn name(&self) -> String {
        let n = self.n.to_string();
        let digits = n.as_bytes().rchunks(3).rev();
        let groups: Vec<_> = digits.map(String::from_utf8_lossy).collect();
        let shape = format!("{} × {}, k = {}", groups.join(","), self.d, self.k);
        match self.data {
            Data::Blobs { .. } => shape,
            Data::Embeddings => format!("{shape}, like embeddings"),
        }
    }

    /// As it is written on a command line.
    pub fn word(&self) -> String {
        let data = match self.data {
            Data::Blobs { .. } => "",
            Data::Embeddings => "embeddings_",
        };
        format!("iteration_{data}{}x{}_k{}", self.n, self.d, self.k)
    }

    fn work(&self) -> Work {
        let Task { n, d, k, .. } = *self;
        match self.data {
            Data::Blobs { spread } => Work::new(n, d, k, spread),
            Data::Embeddings => embeddings(n, d, k),
        }
    }

    fn most(&self) -> i64 {
        match self.measure {
            Measure::Iteration { many, .. } => many,
            Measure::Convergence => 1000,
        }
    }
}

/// How much is done for a table.
#[derive(Clone, Copy)]
pub struct Effort {
    pub rounds: usize,
    /// For how long at least a contender repeats its fits in a round: enough for the clock, and to let a moment's
    /// disturbance not be all of a round.
    pub seconds: f64,
}

/// Iterations of a contender that does not tell how many it did.
pub const NOT_TOLD: i64 = 0;

/// The most that the inertia of a contender's labels may be, in times of that of centra's.
const CLOSE: f64 = 1.1;

/// What a contender took in each round.
pub struct Timings {
    /// Milliseconds of what is measured.
    pub measured: Vec<f64>,
    /// Milliseconds of a whole fit, the longer one.
    pub fit: Vec<f64>,
    /// Of that fit.
    pub iterations: i64,
    /// Of its labels, those that are centra's.
    pub agreement: f64,
    /// Of its labels over that of centra's: the sum of the squared distances to the means of what has the same label.
    pub inertia: f64,
}

/// A row.
pub struct Row {
    pub name: String,
    pub family: Family,
    pub threads: usize,
    /// Whether it was given floats.
    pub single: bool,
    pub result: Result<Timings, String>,
}

/// All rows of a task, and the machine's limits in the same rounds.
pub struct Table {
    pub task: Task,
    pub rows: Vec<Row>,
    pub peaks: Vec<Peaks>,
}

impl Table {
    pub fn timings(&self, name: &str) -> Option<&Timings> {
        let row = self.rows.iter().find(|row| row.name == name)?;
        row.result.as_ref().ok()
    }

    /// Floating-point operations of all distances of an iteration as multiply-adds.
    pub fn operations(&self) -> f64 {
        2.0 * self.task.n as f64 * self.task.d as f64 * self.task.k as f64
    }
}

/// A number from each round.
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

pub fn spread(values: impl IntoIterator<Item = f64>) -> Spread {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let (half, last) = (values.len() / 2, values.len() - 1);
    Spread {
        median: (values[half] + values[last - half]) / 2.0,
        low: values[0],
        high: values[last],
    }
}

/// What `a` took in times of what `b` took, round by round.
pub fn ratio(a: &Timings, b: &Timings) -> Spread {
    spread(a.measured.iter().zip(&b.measured).map(|(a, b)| a / b))
}

/// Of labels, against the means of their points.
pub fn inertia(work: &Work, labels: &[i32]) -> f64 {
    let options = Options {
        empty: Empty::Keep,
        threads: 0,
        ..Options::default()
    };
    let mut centers = work.start.clone();
    options::update(&work.view(), labels, &mut centers, &options).expect("valid labels");
    options::inertia(&work.view(), &centers, labels, &options).expect("valid labels")
}

/// Checks every contender's answer, then times all of them in turn.
pub fn compare(
    task: Task,
    contenders: &[&Contender],
    worker: &mut Result<Worker, String>,
    meter: &Meter,
    effort: Effort,
) -> Table {
    let work = task.work();
    let mut arena = Arena::new(&work, contenders, worker);
    let mut runners: Vec<Result<Runner, String>> = Vec::new();
    let answer = Answer::of_centra(task, &mut arena, contenders);
    for contender in contenders {
        runners.push(answer.check(contender, &mut arena, effort));
    }

    let mut peaks = Vec::new();
    for round in 0..effort.rounds {
        peaks.push(meter.measure());
        for turn in 0..contenders.len() {
            let turn = (turn + round) % contenders.len();
            if let Ok(runner) = &mut runners[turn] {
                if let Err(error) = runner.round(task.measure, contenders[turn], &mut arena) {
                    runners[turn] = Err(error);
                }
            }
        }
    }
    let rows = contenders.iter().zip(runners).map(|(contender, runner)| {
        let about = contender.about.as_ref();
        Row {
            name: contender.name.clone(),
            family: contender.family,
            threads: contender.threads,
            single: contender.single,
            result: about
                .map_err(|error| format!("not installed: {error}"))
                .and_then(|_| Ok(runner?.timings)),
        }
    });
    Table {
        task,
        rows: rows.collect(),
        peaks,
    }
}

/// A contender that has passed, with its times so far.
struct Runner {
    most: i64,
    repeats: usize,
    timings: Timings,
}

impl Runner {
    fn round(
        &mut self,
        measure: Measure,
        contender: &Contender,
        arena: &mut Arena,
    ) -> Result<(), String> {
        let mut fit = |iterations, exact: bool| {
            let run = arena.run(contender, iterations, self.repeats)?;
            // One that does not tell how many is known by its labels.
            match exact && run.iterations != iterations && run.iterations != NOT_TOLD {
                true => Err(format!("{} iterations, not {iterations}", run.iterations)),
                false => Ok(1e3 * run.seconds),
            }
        };
        let (measured, whole) = match measure {
            Measure::Iteration { few, many } => {
                let (short, long) = (fit(few, true)?, fit(many, true)?);
                ((long - short) / (many - few) as f64, long)
            }
            Measure::Convergence => {
                let long = fit(self.most, false)?;
                (long, long)
            }
        };
        self.timings.measured.push(measured);
        self.timings.fit.push(whole);
        Ok(())
    }
}

/// The answer that all have to find: centra's.
struct Answer {
    most: i64,
    iterations: i64,
    centers: Vec<f64>,
    labels: Vec<i32>,
    inertia: f64,
}

impl Answer {
    fn of_centra(task: Task, arena: &mut Arena, contenders: &[&Contender]) -> Answer {
        let first = contenders[0];
        assert!(first.family == Family::Centra && !instruction_sets().is_empty());
        let run = arena.run(first, task.most(), 1).expect("valid data");
        match task.measure {
            // Else an "iteration" of one contender would be none, and of another one without a change.
            Measure::Iteration { many, .. } => assert_eq!(
                run.iterations,
                many,
                "{}: it converges before the count is full",
                task.name()
            ),
            Measure::Convergence => assert!(run.iterations < task.most(), "no convergence"),
        }
        Answer {
            most: task.most(),
            iterations: run.iterations,
            centers: arena.centers.clone(),
            inertia: inertia(arena.work, &arena.labels),
            labels: arena.labels.clone(),
        }
    }

    /// Runs a contender once, unless it is missing; what is timed later is what is checked here.
    fn check(
        &self,
        contender: &Contender,
        arena: &mut Arena,
        effort: Effort,
    ) -> Result<Runner, String> {
        let most = match contender.converges {
            true => self.most,
            false => self.iterations,
        };
        let mut run = arena.run(contender, most, 1)?;
        // A first call compiles, loads and touches memory; where that may be most of it, a second one is timed.
        if run.seconds < 1.0 {
            run = arena.run(contender, most, 1)?;
        }
        let labels = arena.labels_of(contender)?;
        let clusters = 0..arena.work.k as i32;
        if labels.iter().any(|label| !clusters.contains(label)) {
            return Err("some of its labels are none".into());
        }
        if contender.family == Family::Centra {
            let one_answer = match contender.single {
                true => arena.same_as_doubles(contender, most),
                false => {
                    labels == self.labels
                        && arena.centers == self.centers
                        && run.iterations == self.iterations
                }
            };
            assert!(one_answer, "{}: not the one answer", contender.name);
        }
        let differences = arena.work.differences(&self.centers, &self.labels, &labels);
        if !contender.single && differences.others > 0 {
            let count = differences.others;
            return Err(format!("{count} labels differ, and not by a near tie"));
        }
        let inertia = inertia(arena.work, &labels) / self.inertia;
        if inertia > CLOSE {
            return Err(format!("its inertia is {inertia:.3} times centra's"));
        }
        let different = differences.ties + differences.others;
        let repeats = (effort.seconds / run.seconds).ceil().clamp(1.0, 100.0) as usize;
        Ok(Runner {
            most,
            repeats,
            timings: Timings {
                measured: Vec::new(),
                fit: Vec::new(),
                iterations: run.iterations,
                agreement: 1.0 - different as f64 / labels.len() as f64,
                inertia,
            },
        })
    }
}
