//! The result as Markdown.

use crate::contenders::{Contender, Family};
use crate::iteration::{centra_best, centra_best_on_floats, of_peak, Bar};
use crate::machine::Peaks;
use crate::rounds::{ratio, spread, Measure, Row, Table, Timings, NOT_TOLD};

/// Three significant digits.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        value if value >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

pub fn times(value: f64) -> String {
    format!("{} ×", number(value))
}

fn percent(value: f64) -> String {
    format!("{:.0} %", 100.0 * value)
}

fn median(timings: &Timings) -> f64 {
    spread(timings.measured.iter().copied()).median
}

pub fn row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}

pub fn head(names: &[String], left: usize) -> String {
    let align = |at| if at < left { "---" } else { "---:" };
    let ruler = (0..names.len()).map(|at| align(at).to_string());
    row(names.iter().cloned()) + &row(ruler)
}

/// What the chart says below its bars: when and where, and the versions.
pub fn notes(lines: &[(&str, String)], contenders: &[Contender]) -> Vec<String> {
    let line = |what: &str| lines.iter().find(|line| line.0 == what);
    let of = |what| line(what).map(|line| line.1.clone());
    let first = [
        of("processor"),
        of("date"),
        of("centra").map(|it| format!("centra {it}")),
    ];
    let first: Vec<String> = first.into_iter().flatten().collect();
    let mut versions: Vec<&str> = Vec::new();
    for contender in contenders {
        let library = matches!(contender.family, Family::Python | Family::Inexact);
        if let (true, Ok(about)) = (library, &contender.about) {
            if !versions.contains(&&**about) {
                versions.push(about);
            }
        }
    }
    vec![first.join("; "), versions.join(", ")]
}

/// The machine, and who took part.
pub fn machine(lines: &[(&str, String)], start: &Peaks, contenders: &[Contender]) -> String {
    let mut text = String::from("## The machine\n\n| | |\n|---|---|\n");
    for (what, value) in lines {
        text += &row([what.to_string(), value.clone()]);
    }
    for fma in &start.fma {
        let (double, single) = (number(fma.double / 1e9), number(fma.single / 1e9));
        text += &row([
            format!("FMA peak of a core at {} bits", fma.bits),
            format!("{double} GFLOP/s f64, {single} GFLOP/s f32"),
        ]);
    }
    let read = format!("{} GB/s", number(start.read / 1e9));
    text += &row(["a core reads memory at".into(), read]);
    text += "\n## Who takes part\n\n| | |\n|---|---|\n";
    for contender in contenders {
        let about = match &contender.about {
            Ok(about) => about.clone(),
            Err(error) => format!("**not installed**: {error}"),
        };
        text += &row([contender.name.clone(), about.replace('|', "/")]);
    }
    text
}

/// A line for each shape, and a column for each of those on one thread that are shown.
fn by_shape(
    tables: &[Table],
    shown: impl Fn(&Row) -> bool,
    cell: impl Fn(&Table, &Row) -> Option<String>,
) -> String {
    let shown = |row: &&Row| row.threads == 1 && shown(row);
    let mut names: Vec<&str> = Vec::new();
    for row in tables.iter().flat_map(|table| &table.rows).filter(shown) {
        if !names.contains(&&*row.name) {
            names.push(&row.name);
        }
    }
    let columns: Vec<String> = std::iter::once("n × d, k")
        .chain(names.iter().copied())
        .map(String::from)
        .collect();
    let mut text = head(&columns, 1);
    for table in tables {
        let cell = |name: &&str| {
            let here = table.rows.iter().find(|row| row.name == *name);
            here.and_then(|row| cell(table, row)).unwrap_or("-".into())
        };
        let first = match table.task.measure {
            Measure::Iteration { .. } => table.task.name(),
            Measure::Convergence => format!("{}, to convergence", table.task.name()),
        };
        text += &row(std::iter::once(first).chain(names.iter().map(cell)));
    }
    text
}

/// The libraries' times over centra's.
pub fn libraries(tables: &[Table]) -> String {
    let (doubles, floats) = (centra_best(), centra_best_on_floats());
    let library = |row: &Row| matches!(row.family, Family::Python | Family::Inexact);
    let over = |table: &Table, row: &Row| {
        let ours = if row.single { &floats } else { &doubles };
        let ratio = ratio(row.result.as_ref().ok()?, table.timings(ours)?);
        Some(times(ratio.median))
    };
    format!(
        "## The libraries' times over centra's, one thread\n\nOver {doubles}; those that are given floats over {floats}.\n\n{}",
        by_shape(tables, library, over)
    )
}

/// Medians of all tables, on one thread.
pub fn overview(tables: &[Table]) -> String {
    let median = |_: &Table, row: &Row| Some(number(median(row.result.as_ref().ok()?)));
    String::from("## Milliseconds, one thread\n\n") + &by_shape(tables, |_| true, median)
}

/// What was wanted, and whether it is so.
pub fn bars(bars: &[Bar]) -> String {
    let names = ["n × d, k", "ratio", "", "wanted", "reached"].map(String::from);
    let mut text = String::from("## Wanted and reached\n\n") + &head(&names, 3);
    for bar in bars {
        let show = |value| {
            if bar.percent {
                percent(value)
            } else {
                times(value)
            }
        };
        let met = match bar.reached {
            Some(reached) if reached >= bar.wanted => "met",
            Some(_) => "**missed**",
            None => "not measured",
        };
        text += &row([
            bar.task.name(),
            bar.what.clone(),
            met.into(),
            show(bar.wanted),
            bar.reached.map_or("-".into(), show),
        ]);
    }
    text
}

/// Every row of one table.
pub fn table(table: &Table) -> String {
    let task = table.task;
    let best = centra_best();
    let ours = table.timings(&best).expect("centra is always there");
    let (what, how) = match task.measure {
        Measure::Iteration { few, many } => (
            "an iteration",
            format!("fits of {few} and of {many} iterations"),
        ),
        Measure::Convergence => ("a fit", "to convergence".into()),
    };
    let rounds = table.peaks.len();
    let mut text = format!("### {}: {how}, {rounds} rounds\n\n", task.name());
    let widest = table.peaks[0].fma.first().map_or(0, |fma| fma.bits);
    let names = [
        "",
        &format!("ms {what}: best"),
        "median",
        &format!("over {best}: median"),
        "least to most",
        "of f64 FMA peak",
        "of read bandwidth",
        "ms the whole fit",
        "iterations",
        "labels as centra's",
        "inertia over centra's",
    ];
    text += &head(&names.map(String::from), 1);
    for line in &table.rows {
        let timings = match &line.result {
            Ok(timings) => timings,
            Err(error) => {
                text += &row([line.name.clone(), error.replace('|', "/")]);
                continue;
            }
        };
        let measured = spread(timings.measured.iter().copied());
        let over = ratio(timings, ours);
        let limits = match (task.measure, line.threads) {
            (Measure::Iteration { .. }, 1) => {
                let bytes = (task.n * task.d * 8) as f64;
                let rounds = timings.measured.iter().zip(&table.peaks);
                let read = rounds.map(|(ms, peaks)| bytes / (ms / 1e3) / peaks.read);
                let fma = of_peak(table, &line.name, widest).map(percent);
                [fma.unwrap_or("-".into()), percent(spread(read).median)]
            }
            _ => ["-".into(), "-".into()],
        };
        let [fma, read] = limits;
        // Rounded down: all is only all.
        let agreement = format!("{:.3} %", (1e5 * timings.agreement).floor() / 1e3);
        text += &row([
            line.name.clone(),
            number(measured.low),
            number(measured.median),
            times(over.median),
            format!("{} to {}", number(over.low), number(over.high)),
            fma,
            read,
            number(spread(timings.fit.iter().copied()).median),
            match timings.iterations {
                NOT_TOLD => "not told".into(),
                iterations => iterations.to_string(),
            },
            agreement,
            format!("{:.6}", timings.inertia),
        ]);
    }
    let peak = |value: fn(&Peaks) -> f64| {
        let spread = spread(table.peaks.iter().map(value));
        let [median, low, high] = [spread.median, spread.low, spread.high].map(|x| number(x / 1e9));
        format!("{median} ({low} to {high})")
    };
    if widest > 0 {
        let double = peak(|peaks| peaks.fma[0].double);
        let single = peak(|peaks| peaks.fma[0].single);
        text += &format!(
            "\nIn these rounds the FMA peak at {widest} bits was {double} GFLOP/s in f64 and {single} in f32, "
        );
    } else {
        text += "\nIn these rounds ";
    }
    text += &format!("memory was read at {} GB/s.\n", peak(|peaks| peaks.read));
    text
}
