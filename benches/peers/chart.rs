//! The chart: for each shape a panel, for each contender on one thread a bar as long as the time it takes over centra's. Of centra it
//! has the widest instruction set.

use crate::contenders::{instruction_sets, Family};
use crate::iteration::centra_best;
use crate::rounds::{ratio, Measure, Row, Table};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const COLUMNS: usize = 2;
const WIDTH: i32 = 590; // of a panel
const NAMES: i32 = 200; // of which for names
const VALUES: i32 = 110; // of which for numbers, right of the longest bar
const BAR: i32 = 20; // from one bar to the next
const HEAD: i32 = 92; // title and legend
const TITLE: i32 = 46; // of a panel
const TICKS: i32 = 24; // below the bars
const MARGIN: i32 = 20;
const NOTE: i32 = 18; // a line below the panels

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const FAINT: RGBColor = RGBColor(0xd8, 0xd8, 0xd8);

/// Okabe and Ito's colours, which are told apart by the colour-blind too.
fn colour(family: Family) -> RGBColor {
    match family {
        Family::Centra => RGBColor(0x00, 0x72, 0xb2),
        Family::Native => RGBColor(0xe6, 0x9f, 0x00),
        Family::Python => RGBColor(0x00, 0x9e, 0x73),
        Family::Inexact => RGBColor(0xcc, 0x79, 0xa7),
    }
}

fn write(
    area: &Area,
    text: &str,
    at: (i32, i32),
    size: i32,
    side: HPos,
) -> Result<(), Box<dyn Error>> {
    let style = ("sans-serif", size).into_font().color(&INK);
    let style = style.pos(Pos::new(side, VPos::Center));
    area.draw_text(text, &style, at)?;
    Ok(())
}

/// The rows that have a bar.
fn shown(table: &Table) -> Vec<&Row> {
    let sets = instruction_sets();
    let (_, narrower) = sets.split_last().expect("portable is one");
    let widest = |row: &Row| {
        let mut words = row.name.split([' ', ',']);
        row.family != Family::Centra || !words.any(|word| narrower.iter().any(|set| set.1 == word))
    };
    let rows = table.rows.iter();
    rows.filter(|row| row.threads == 1 && widest(row)).collect()
}

/// Draws all tables into one file, with lines of text below them.
pub fn draw(file: &Path, tables: &[Table], notes: &[String]) -> Result<(), Box<dyn Error>> {
    let bars = |table: &Table| shown(table).len() as i32;
    // Panels of a row are as high as the highest.
    let heights: Vec<i32> = tables
        .chunks(COLUMNS)
        .map(|row| TITLE + TICKS + BAR * row.iter().map(bars).max().unwrap_or(0))
        .collect();
    let width = 2 * MARGIN + COLUMNS as i32 * WIDTH;
    let foot = HEAD + heights.iter().sum::<i32>() + MARGIN;
    let height = foot + NOTE * notes.len() as i32 + MARGIN;
    let area = SVGBackend::new(file, (width as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let title = format!(
        "Time over that of {}, one thread: shorter is faster",
        centra_best()
    );
    write(&area, &title, (MARGIN, 26), 20, HPos::Left)?;
    let legend = [
        (Family::Centra, "centra"),
        (Family::Native, "native baselines"),
        (Family::Python, "Python libraries"),
        (Family::Inexact, "inexact"),
    ];
    for (at, (family, name)) in (0..).zip(legend) {
        let (x, y) = (MARGIN + 180 * at, 58);
        let square = [(x, y - 7), (x + 14, y + 7)];
        area.draw(&Rectangle::new(square, colour(family).filled()))?;
        write(&area, name, (x + 22, y), 14, HPos::Left)?;
    }
    let note = "logarithmic; the line is centra's own time";
    write(&area, note, (MARGIN + 180 * 4, 58), 14, HPos::Left)?;

    // One scale for all panels, so that bars compare from panel to panel.
    let ratios = tables.iter().flat_map(|table| {
        let rows = shown(table).into_iter();
        rows.filter_map(|row| over(table, row))
    });
    let (least, most) = ratios.fold((1f64, 2f64), |(a, b), x| (a.min(x), b.max(x)));
    let pixels = (WIDTH - NAMES - VALUES) as f64;
    let scale = |x: f64| NAMES + (pixels * (x / least).ln() / (most / least).ln()) as i32;

    let mut y = HEAD;
    for (row, height) in tables.chunks(COLUMNS).zip(heights) {
        for (column, table) in (0..).zip(row) {
            let x = MARGIN + WIDTH * column;
            panel(&area, (x, y), table, &scale, most)?;
        }
        y += height;
    }
    for (line, note) in (0..).zip(notes) {
        write(&area, note, (MARGIN, foot + NOTE * line), 12, HPos::Left)?;
    }
    area.present()?;
    Ok(())
}

/// What a row took in times of what centra took.
fn over(table: &Table, row: &Row) -> Option<f64> {
    let ours = table.timings(&centra_best())?;
    let over = ratio(row.result.as_ref().ok()?, ours).median;
    // Of data that are too small a difference of times may be below 0.
    (over > 0.0).then_some(over)
}

fn panel(
    area: &Area,
    (left, top): (i32, i32),
    table: &Table,
    scale: &dyn Fn(f64) -> i32,
    most: f64,
) -> Result<(), Box<dyn Error>> {
    let title = match table.task.measure {
        Measure::Iteration { .. } => table.task.name(),
        Measure::Convergence => format!("{}, to convergence", table.task.name()),
    };
    write(area, &title, (left + NAMES, top + 16), 15, HPos::Left)?;
    let rows = shown(table);
    let (first, last) = (top + TITLE - 10, top + TITLE - 10 + BAR * rows.len() as i32);
    for tick in [1.0, 10.0, 100.0] {
        if tick <= most {
            let x = left + scale(tick);
            let line = vec![(x, first), (x, last)];
            let style = if tick == 1.0 { INK } else { FAINT };
            area.draw(&PathElement::new(line, style))?;
            let style = ("sans-serif", 11).into_font().color(&INK);
            let style = style.pos(Pos::new(HPos::Center, VPos::Center));
            area.draw_text(&format!("{tick} ×"), &style, (x, last + 8))?;
        }
    }
    for (at, row) in (0..).zip(rows) {
        let middle = first + BAR * at + BAR / 2;
        write(area, &row.name, (left + NAMES - 8, middle), 13, HPos::Right)?;
        let Some(over) = over(table, row) else {
            let place = (left + scale(1.0) + 6, middle);
            write(area, "not measured", place, 13, HPos::Left)?;
            continue;
        };
        let (from, to) = (left + scale(over.min(1.0)), left + scale(over.max(1.0)));
        let bar = [(from - 1, middle - 7), (to + 1, middle + 7)];
        area.draw(&Rectangle::new(bar, colour(row.family).filled()))?;
        let timings = row.result.as_ref().expect("it has a ratio");
        let milliseconds = crate::rounds::spread(timings.measured.iter().copied()).median;
        let value = format!("{over:.1} ×, {} ms", crate::report::number(milliseconds));
        // On white, because a line may be behind it; no character of a number is wider than this.
        let ground = [
            (to + 2, middle - 7),
            (to + 6 + 8 * value.chars().count() as i32, middle + 7),
        ];
        area.draw(&Rectangle::new(ground, WHITE.filled()))?;
        write(area, &value, (to + 6, middle), 13, HPos::Left)?;
    }
    Ok(())
}
