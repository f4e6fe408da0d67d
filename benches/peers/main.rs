//! centra beside everybody else: `make bench`, or `cargo bench --bench peers -- --help`.
//!
//! README.md of the folder above tells what is compared and how to read it. In this folder:
//!
//! - `contenders`: who takes part, and how each runs once; `python` talks to those in `worker.py`, `shipped` calls centra
//! - `rounds`: turns, answers checked, statistics
//! - `iteration`: the shapes of the table, and what is wanted of it
//! - `embeddings`: data like embeddings
//! - `convergence`: the tables of whole fits on real data
//! - `seeding`: the table of starting centers
//! - `streams`: the table of passes over chunks
//! - `families`: the table of calls on data of many kinds
//! - `machine`: what it is and what it can do at best
//! - `report`, `chart`: Markdown and SVG

mod chart;
mod contenders;
mod convergence;
#[path = "../data/mod.rs"]
mod data;
mod embeddings;
mod families;
mod iteration;
mod machine;
#[path = "../native/mod.rs"]
mod native;
#[path = "../../tests/options/mod.rs"]
mod options;
mod python;
mod report;
mod rounds;
mod seeding;
mod shipped;
mod streams;

use clap::{value_parser, Arg, ArgAction, Command};
use machine::Meter;
use python::Worker;
use rounds::Effort;
use std::path::{Path, PathBuf};

const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/results");
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

const INTRODUCTION: &str = "\
# centra and its peers

Written by `make bench`; [benches/README.md](../README.md) tells what is compared, and how to read it. All contenders have
the same data and the same start, took turns in one run, and use one thread unless their name says otherwise. An iteration
is an assignment and an update: what a longer fit takes more than a shorter one, over the iterations that it does more.

A contender whose name has f32 is given the same numbers rounded to floats; one that is inexact has another aim than Lloyd's
algorithm, and its labels and inertia tell how far it gets.

![Time over centra's, by shape](iteration.svg)
";

struct Settings {
    smoke: bool,
    only: Option<String>,
    effort: Effort,
    out: PathBuf,
}

fn settings() -> Settings {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let matches = Command::new("peers")
        .about("Times k-means libraries beside one another; PYTHON names the interpreter of the Python peers")
        .arg(flag("test").help("Once through everything on small data: does it still run?"))
        .arg(flag("bench").hide(true)) // cargo bench says so
        .arg(Arg::new("only").help("Only work with this in its name, such as 1000000x2, k256, fit_uniform, iteration_, fit_, seed_, stream_ or family_"))
        .arg(
            Arg::new("rounds")
                .long("rounds")
                .default_value("3")
                .value_parser(value_parser!(u16).range(1..))
                .help("Times that everybody takes a turn"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_parser(value_parser!(PathBuf))
                .help("Folder of the results [default: benches/results, or for a part of the whole the target folder]"),
        )
        .get_matches();
    let smoke = matches.get_flag("test");
    let only = matches.get_one::<String>("only").cloned();
    let out = matches.get_one::<PathBuf>("out").cloned();
    let whole = !smoke && only.is_none();
    let rounds = *matches.get_one::<u16>("rounds").expect("it has a default");
    Settings {
        smoke,
        only,
        effort: Effort {
            rounds: if smoke { 2 } else { rounds.into() },
            seconds: if smoke { 0.0 } else { 0.1 },
        },
        out: out.unwrap_or_else(|| match whole {
            true => RESULTS.into(),
            false => [SCRATCH, "results"].iter().collect(),
        }),
    }
}

/// Writes a page of results, which ends with the machine.
fn write(folder: &Path, name: &str, mut text: Vec<String>, machine: &str) {
    text.push(machine.to_string());
    let file = folder.join(name);
    std::fs::write(&file, text.join("\n")).expect("the results can be written");
    println!("{}", file.display());
}

fn main() {
    let Settings {
        smoke,
        only,
        effort,
        out,
    } = settings();
    let openblas = contenders::tell_openblas();
    let mut description = machine::description();
    description.extend(openblas.map(|kernels| ("kernels of OpenBLAS", kernels)));
    let meter = Meter::new(if smoke { 32 << 20 } else { 512 << 20 });
    let start = meter.measure();
    let python = std::env::var("PYTHON").unwrap_or("python3".into());
    let mut worker = Worker::start(&python, SCRATCH.as_ref());
    if let Ok(worker) = &worker {
        description.push(("Python", worker.version.clone()));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let contenders = contenders::contenders(&mut worker, cores);
    for contender in &contenders {
        match &contender.about {
            Ok(about) => println!("{}: {about}", contender.name),
            Err(error) => println!("{}: NOT INSTALLED: {error}", contender.name),
        }
    }

    let chosen = |task: &rounds::Task| only.as_ref().is_none_or(|only| task.word().contains(only));
    let tasks: Vec<_> = iteration::TASKS.into_iter().filter(chosen).collect();
    let seedings = seeding::TASKS.into_iter();
    let chosen = |task: &seeding::Task| only.as_ref().is_none_or(|only| task.word().contains(only));
    let seedings: Vec<_> = seedings.filter(chosen).collect();
    let chosen =
        |task: &convergence::Task| only.as_ref().is_none_or(|only| task.word().contains(only));
    let fits: Vec<_> = convergence::TASKS.into_iter().filter(chosen).collect();
    let chosen = |task: &streams::Task| only.as_ref().is_none_or(|only| task.word().contains(only));
    let passes: Vec<_> = streams::TASKS.into_iter().filter(chosen).collect();
    let chosen =
        |task: &families::Task| only.as_ref().is_none_or(|only| task.word().contains(only));
    let kinds: Vec<_> = families::TASKS.into_iter().filter(chosen).collect();
    let some = tasks.len() + seedings.len() + fits.len() + passes.len() + kinds.len() > 0;
    assert!(some, "no shape has {only:?} in its name");
    let (mut tables, mut bars) = (Vec::new(), Vec::new());
    for task in tasks {
        let Some(task) = (if smoke {
            iteration::smoke(task)
        } else {
            Some(task)
        }) else {
            continue;
        };
        let table = iteration::run(task, &contenders, &mut worker, &meter, effort);
        println!("\n{}", report::table(&table));
        if !smoke {
            bars.extend(iteration::bars(&table));
        }
        tables.push(table);
    }
    let mut converged = vec![convergence::INTRODUCTION.to_string()];
    for task in fits {
        // A fit of the slowest takes half a minute.
        let effort = Effort {
            rounds: effort.rounds.min(3),
            ..effort
        };
        let most = if smoke { 1_500 } else { usize::MAX };
        converged.push(convergence::run(task, most, cores, &mut worker, effort));
        println!("\n{}", converged[converged.len() - 1]);
    }
    let mut seeded = vec![seeding::INTRODUCTION.to_string()];
    for task in seedings {
        let (task, seeds) = match smoke {
            true => (task.smoke(), 2),
            false => (task, seeding::SEEDS),
        };
        seeded.push(seeding::run(task, seeds, cores, &mut worker));
        println!("\n{}", seeded[seeded.len() - 1]);
    }
    let mut streamed = vec![streams::INTRODUCTION.to_string()];
    for task in passes {
        let task = if smoke { task.smoke() } else { task };
        streamed.push(streams::run(task, cores, effort));
        println!("\n{}", streamed[streamed.len() - 1]);
    }
    let mut told = vec![families::INTRODUCTION.to_string()];
    for task in kinds {
        let task = if smoke { task.smoke() } else { task };
        told.push(families::run(task, effort));
        println!("\n{}", told[told.len() - 1]);
    }
    if let Some(load) = machine::load() {
        description.push(("load average at the end", load));
    }

    let machine = report::machine(&description, &start, &contenders);
    std::fs::create_dir_all(&out).expect("the folder of the results can be made");
    if !tables.is_empty() {
        let bars = report::bars(&bars);
        println!("{bars}");
        let mut text = vec![
            INTRODUCTION.to_string(),
            report::libraries(&tables),
            report::overview(&tables),
            bars,
            "## Shape by shape\n".into(),
        ];
        text.extend(tables.iter().map(report::table));
        write(&out, "iteration.md", text, &machine);
        let picture = out.join("iteration.svg");
        let notes = report::notes(&description, &contenders);
        chart::draw(&picture, &tables, &notes).expect("the chart can be written");
        println!("{}", picture.display());
    }
    // Without a table an introduction is all there is.
    for (name, text) in [
        ("convergence.md", converged),
        ("seeding.md", seeded),
        ("streams.md", streamed),
        ("families.md", told),
    ] {
        if text.len() > 1 {
            write(&out, name, text, &machine);
        }
    }

    let failed = |row: &rounds::Row| row.result.is_err();
    let incomplete = tables.iter().any(|table| table.rows.iter().any(failed));
    if incomplete && std::env::var_os("CI").is_some() {
        eprintln!("somebody did not take part, which is an error where CI is set");
        std::process::exit(1);
    }
}
