//! L53: what passes by groups leave is true of the centers that they were made with, and of those that follow.

use super::{GroupBounds, GroupScratch};
use crate::assign::bounds::losses_of_moves;
use crate::assign::lemmas::{report, two_to, Rng};
use crate::assign::margin::{Units, ALPHA};
use crate::assign::precision::PassCenters;
use crate::assign::repeats::Repeats;
use crate::call::{Algorithm, Job, Shape};
use crate::exact::distance::squared;
use crate::points::{Form, Points, Rows};
use crate::quantize::int16::{code, stride, Int16Rows};
use crate::quantize::sample::scale_of;
use crate::runtime::threads::with_crew;
use crate::runtime::workspace::Owned;
use crate::simd::products::Pair;
use crate::simd::Level;

const POINTS: usize = 150;

/// Points, and the centers of one pass after the other.
struct Data {
    d: usize,
    points: Vec<f64>,
    centers: Vec<Vec<f64>>,
    /// How far points are from the origin, as a rule.
    length: f64,
}

/// What passes come to.
#[derive(Default)]
struct Sums {
    /// What bounds leave of distances, at most, and margins of gaps, just after a test and ever.
    fresh: f64,
    margins: f64,
    kept: f64,
    /// Groups that were compared, of so many that were looked at; labels that changed, and points that stayed open.
    compared: usize,
    groups: usize,
    changed: usize,
    open: usize,
}

impl Sums {
    /// Reports the ratios, and what they are at least: of bounds after a test, bounds that were kept, and margins.
    fn report(&self, what: &str, [fresh, kept, margins]: [f64; 3]) {
        report(&format!("{what}: bounds after a test"), self.fresh, fresh);
        report(&format!("{what}: bounds that were kept"), self.kept, kept);
        report(&format!("{what}: margins"), self.margins, margins);
    }
}

/// What a test leaves of a point.
#[derive(Clone, Copy, Default)]
enum Found {
    #[default]
    Nothing,
    Open,
    Label(i32, f32),
}

/// s δ.
fn distance(x: &[f64], c: &[f64], scale: f64) -> f64 {
    let terms = x
        .iter()
        .zip(c)
        .map(|(x, c)| (scale * x - scale * c).powi(2));
    terms.sum::<f64>().sqrt()
}

/// Passes of a fit, as a pass by groups makes them, whose bounds, margins and labels are compared with what they are about.
fn passes(data: &Data, level: Level, sums: &mut Sums) {
    let Data { d, length, .. } = *data;
    let k = data.centers[0].len() / d;
    let shape = Shape::of_assign(POINTS, d, k, Form::default(), 1);
    let mut memory = Owned::new(1 << 22).unwrap();
    let mut memory = memory.buffer();
    let mut bounds = GroupBounds::cut(&mut memory, &shape, Algorithm::Auto);
    let mut scratch = GroupScratch::cut(&mut memory, &shape);
    bounds.forget();
    if level.vectors::<Pair>().is_none() {
        return;
    }
    let units = Units::new(d, scale_of(length));
    let origin = vec![0.0; d];
    let mut labels = vec![0; POINTS];
    let mut margins = vec![0.0f32; POINTS];
    let mut losses = vec![0.0f32; k];
    let mut found = vec![Found::Nothing; POINTS];
    // S_g, in binary64.
    let mut moved = vec![0.0; k.div_ceil(bounds.batches.group())];
    // The label of the definition.
    let nearest = |p: usize, centers: &[f64]| {
        let x = &data.points[p * d..][..d];
        let mut least = (f64::INFINITY, 0);
        for (j, center) in centers.chunks(d).enumerate() {
            let distance = squared(x, center);
            if distance < least.0 {
                least = (distance, j);
            }
        }
        least.1 as i32
    };
    with_crew(1, None, |crew| {
        let job = Job {
            points: Points::rows(&data.points, POINTS, d).unwrap(),
            weights: None,
            level,
            crew,
            block: POINTS,
            stretch: POINTS,
        };
        for (number, centers) in data.centers.iter().enumerate() {
            let what = format!("{level:?}, d = {d}, k = {k}, pass {number}");
            if number > 0 {
                let old = &data.centers[number - 1];
                let record = |moves: &[f32]| {
                    for (moved, moves) in moved.iter_mut().zip(moves.chunks(bounds.batches.group()))
                    {
                        *moved += f64::from(moves.iter().copied().fold(0.0, f32::max));
                    }
                    bounds.record_moves(moves);
                };
                losses_of_moves(&mut losses, centers, old, d, units, record);
            }
            // The labels before the first pass are any.
            let anew = number == 0;
            if anew {
                labels
                    .iter_mut()
                    .zip(0..)
                    .for_each(|(label, p)| *label = p % k as i32);
            }
            let pass = PassCenters {
                job,
                centers,
                origin: &origin,
                repeats: Repeats::default(),
                length,
                units,
                margins: true,
                rows_are_kept: true,
            };
            let (groups, mut rows) = bounds.next_pass(anew).begin(&pass).expect("in range");
            let group = groups.batches.group();
            let true_distance = |p: usize, j: usize| {
                distance(
                    &data.points[p * d..][..d],
                    &centers[j * d..][..d],
                    units.scale,
                )
            };
            // The bounds of others than the label in a group over the least of their distances.
            let bound_over = |bounds: &[f32], p: usize, label: i32, g: usize| {
                let others = (g * group..k.min((g + 1) * group)).filter(|&j| j as i32 != label);
                let least = others
                    .map(|j| true_distance(p, j))
                    .fold(f64::INFINITY, f64::min);
                let bound = f64::from(bounds[g]) - moved[g];
                match bound > 0.0 && least < f64::INFINITY {
                    true => bound / least,
                    false => 0.0,
                }
            };
            let mut listed = Vec::new();
            for p in 0..POINTS {
                let of_point = &rows.bounds[p * rows.stride..][..rows.stride];
                for g in 0..groups.groups {
                    if !anew {
                        sums.kept = sums.kept.max(bound_over(of_point, p, labels[p], g));
                    }
                }
                margins[p] = margins[p] * (1.0 - f32::EPSILON) - losses[labels[p] as usize];
                if anew || margins[p].is_nan() || margins[p] <= 0.0 {
                    listed.push(p as u32);
                } else {
                    assert_eq!(labels[p], nearest(p, centers), "{what}: a margin of {p}");
                }
            }
            // Some passes test points whose margins hold, as well.
            if number % 3 == 1 {
                listed = (0..POINTS as u32).collect();
            }
            let mut room = vec![0; POINTS * stride(d)];
            let mut nothing = Int16Rows::default();
            let coded = nothing.write(&(0..POINTS), &mut room, |rows| {
                code(level, Rows::new(&data.points, d), &groups.coding, rows);
            });
            for listed in listed.chunks(shape.block) {
                let listed = (listed, 0);
                let tested = groups.test(&job, listed, coded, &labels, &mut rows, &mut scratch);
                sums.compared += tested.pairs / group;
                sums.groups += listed.0.len() * groups.groups;
                sums.open += tested.open;
                let open = &scratch.open[..tested.open];
                for (lane, &p) in listed.0.iter().enumerate() {
                    found[p as usize] = match open.contains(&p) {
                        true => Found::Open,
                        false => Found::Label(scratch.labels[lane], scratch.margins[lane]),
                    };
                }
            }
            for p in 0..POINTS {
                let of_point = &rows.bounds[p * rows.stride..][..rows.stride];
                let label = nearest(p, centers);
                match core::mem::take(&mut found[p]) {
                    Found::Nothing => continue,
                    Found::Open => {
                        (labels[p], margins[p]) = (label, 0.0);
                        assert!(of_point.iter().all(|&bound| bound == f32::NEG_INFINITY));
                        continue;
                    }
                    Found::Label(proven, margin) => {
                        assert_eq!(proven, label, "{what}: the label of {p}");
                        sums.changed += usize::from(labels[p] != label);
                        (labels[p], margins[p]) = (label, margin);
                    }
                }
                for g in 0..groups.groups {
                    sums.fresh = sums.fresh.max(bound_over(of_point, p, label, g));
                }
                let others = (0..k).filter(|&j| j as i32 != label);
                let least = others
                    .map(|j| true_distance(p, j))
                    .fold(f64::INFINITY, f64::min);
                let own = (1.0 + ALPHA) * true_distance(p, label as usize) + units.slack;
                if margins[p] > 0.0 {
                    sums.margins = sums.margins.max(f64::from(margins[p]) / (least - own));
                }
            }
        }
    });
}

/// Centers that move: some not at all, some far, most a little, and sometimes all a little.
fn moving(start: &[f64], d: usize, length: f64, rng: &mut Rng) -> Vec<Vec<f64>> {
    let mut all = vec![start.to_vec()];
    for number in 0..8 {
        let mut next = all[number].clone();
        for center in next.chunks_mut(d) {
            let far = match rng.below(8) {
                0 | 1 => 0.0,
                2 if number % 2 == 0 => 0.3,
                _ => 0.01 / (1 + number) as f64,
            };
            let most = far * length / (d as f64).sqrt();
            center.iter_mut().for_each(|c| *c += most * rng.unit());
        }
        all.push(next);
    }
    all
}

/// Shapes around batches, groups of one, two and three of them, and rows of whole elements and of parts.
const SHAPES: [(usize, usize); 7] = [
    (32, 192),
    (33, 193),
    (34, 207),
    (35, 256),
    (64, 513),
    (130, 225),
    (36, 1040),
];

/// Points around centers, a factor on all coordinates.
fn blobs(d: usize, k: usize, factor: f64, near: f64, rng: &mut Rng) -> Data {
    let centers: Vec<f64> = rng.units(k * d).iter().map(|x| factor * x).collect();
    let mut points = Vec::new();
    for _ in 0..POINTS {
        let center = &centers[rng.below(k) * d..][..d];
        points.extend(center.iter().map(|c| c + near * factor * rng.unit()));
    }
    let length = factor * (d as f64 / 3.0).sqrt();
    let centers = moving(&centers, d, length, rng);
    Data {
        d,
        points,
        centers,
        length,
    }
}

#[test]
fn l53_groups() {
    let mut rng = Rng(53);
    let mut sums = Sums::default();
    for level in Level::here() {
        for (d, k) in SHAPES {
            for (factor, near) in [
                (1.0, 0.3),
                (1.0, 1.5),
                (two_to(290), 0.5),
                (two_to(-295), 0.4),
            ] {
                passes(&blobs(d, k, factor, near, &mut rng), level, &mut sums);
            }
        }
    }
    sums.report("L53", [0.9999, 0.999, 0.99]);
    let Sums {
        compared,
        groups,
        changed,
        open,
        ..
    } = sums;
    println!(
        "{compared} of {groups} groups compared, {changed} labels changed, {open} points open"
    );
    assert!(2 * compared < groups && changed > 10_000 && open < groups / 100);
}

/// Centers that have moved thousands of times as far as points are from them: sums with S round by a thousandth of a distance then.
#[test]
fn l53_far_moves() {
    let mut rng = Rng(55);
    let mut sums = Sums::default();
    for level in Level::here() {
        for (d, k) in SHAPES {
            let mut data = blobs(d, k, 1.0, 0.5, &mut rng);
            let mut away = data.centers[0].clone();
            for (j, center) in away.chunks_mut(d).enumerate() {
                center[j % d] += 1e4 * rng.unit();
            }
            data.centers.insert(1, away);
            data.centers.insert(2, data.centers[0].clone());
            passes(&data, level, &mut sums);
        }
    }
    sums.report("L53, far moves", [0.99, 0.99, 0.9]);
}

/// Ties, equal centers, points and centers that are far or the origin itself.
#[test]
fn l53_odd_points_and_centers() {
    let mut rng = Rng(54);
    let mut sums = Sums::default();
    for level in Level::here() {
        for (d, k) in SHAPES {
            let mut data = blobs(d, k, 1.0, 0.4, &mut rng);
            for (p, x) in data.points.chunks_mut(d).enumerate() {
                match p % 15 {
                    0 => x.fill(0.0),
                    1 => x.fill(1e30),
                    2 => x[0] = 1e18,
                    3 => x.iter_mut().for_each(|x| *x *= 1e-9),
                    // Far, but in range.
                    4 => x[0] = 1e16,
                    _ => (),
                }
            }
            for centers in &mut data.centers {
                // An equal one in another group, one nearly equal, one far, one farther than any.
                centers.copy_within(0..d, (k - 1) * d);
                centers.copy_within(2 * d..3 * d, (k - 2) * d);
                centers[(k - 2) * d] = centers[2 * d].next_up();
                centers[4 * d..5 * d].fill(1e25);
                centers[5 * d..6 * d].fill(1e200);
                // In range, but with a start of its values beyond that of centers out of range.
                centers[6 * d] = two_to(59) * 1.6 * data.length;
            }
            // Far ones come back, and equal ones part.
            let (last, before) = data.centers.split_last_mut().unwrap();
            last.copy_from_slice(&before[0]);
            last[4 * d..7 * d]
                .iter_mut()
                .for_each(|c| *c = 0.1 * rng.unit());
            last[0] += 0.5;
            passes(&data, level, &mut sums);
        }
    }
    sums.report("L53, odd", [0.999, 0.99, 0.9]);
    assert!(sums.open > 0);
}
