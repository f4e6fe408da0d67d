//! The labels of one block, or of some points of a stretch.

use core::ops::Range;

use super::costs::Costs;
use super::direct::nearest;
use super::distances::panel_centers;
use super::fallback::{Policy, Tested};
use super::packing::Prepared;
use super::precision::{code_block, BlockRows, Method, Results, Rooms};
use super::screen::ScreenResult;
use crate::call::{Job, Shape};
use crate::exact::distance::nearest_of_all;
use crate::exact::side_by_side::to_centers;
use crate::points::{pack, Ahead, Rows, Which};
use crate::quantize::int16::{self, Int16Coding, Int16Rows};
use crate::runtime::workspace::{spoil, Cut};

/// What one thread labels points with.
pub(crate) struct LabelScratch<'w> {
    /// Points that are packed for the direct kernel, or the rows of a block that is being coded; and distances of points.
    tile: &'w mut [f64],
    distances: &'w mut [f64],
    rooms: Rooms<'w>,
    /// The coded rows of a block, where they are not kept.
    coded: &'w mut [i64],
    labels: &'w mut [i32],
    margins: &'w mut [f32],
    open: &'w mut [u32],
    policy: Policy,
    counts: Counts,
}

/// What a pass counted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Pairs of point and center that were tested.
    pub(crate) pairs: i64,
    /// Pairs that were tested by groups, and proved nothing.
    pub(crate) in_vain: i64,
    /// Points decided by D after a test left them open, and pairs evaluated for them.
    pub(crate) rechecked: i64,
    pub(crate) evaluated: i64,
}

impl<'w> AsMut<LabelScratch<'w>> for LabelScratch<'w> {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl<'w> LabelScratch<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let Shape { d, block, form, .. } = *shape;
        let first = Method::first(shape);
        LabelScratch {
            tile: from.take(match form.is_csr() && first != Method::Sorted {
                true => 0,
                false => block.saturating_mul(d),
            }),
            distances: from.take(block),
            rooms: Rooms::cut(from, shape),
            coded: from.take(match int16::suits(shape) {
                true => block.saturating_mul(int16::stride(d)),
                false => 0,
            }),
            labels: from.take(block),
            margins: from.take(block),
            open: from.take(block),
            policy: Policy::start(first, first),
            counts: Counts::default(),
        }
    }

    /// Starts a pass.
    pub(super) fn start(&mut self, prepared: &Prepared<'_, '_>) {
        self.policy = Policy::start(prepared.start, prepared.lowest);
        self.counts = Counts::default();
    }

    /// The method that the pass ended with, and what it counted.
    pub(super) fn end(&self) -> (Method, Counts) {
        (self.policy.method(), self.counts)
    }

    /// Forgets the last block.
    pub(crate) fn forget(&mut self) {
        spoil(self.tile, f64::MAX);
        spoil(self.distances, 0.0);
        self.rooms.forget();
        spoil(self.coded, 0);
        spoil(self.labels, i32::MAX);
        spoil(self.margins, f32::INFINITY);
        spoil(self.open, u32::MAX);
    }

    /// Labels points, at most a block of them; their margins too, if they are `wanted`. They are what is left of `among` points, and the points
    /// `next` are likely to come after these.
    pub(super) fn label<'a>(
        &mut self,
        job: &Job<'a>,
        (which, among): (&Which<'_>, usize),
        next: Range<usize>,
        wanted: bool,
        rows: &mut Int16Rows<'_>,
        prepared: &Prepared<'a, '_>,
    ) -> (&[i32], &[f32]) {
        let count = which.len();
        let k = prepared.ready.pass.k();
        let costs = Costs::new(job);
        let from = self.policy.method();
        let method = prepared.ready.first_for(from, which, rows, wanted);
        let margins = match wanted {
            true => &mut *self.margins,
            false => &mut [],
        };
        let results = Results {
            labels: self.labels,
            margins,
            open: self.open,
            most_evaluated: costs.most_evaluated(k),
            next: next.clone(),
        };
        let mut block_rows = BlockRows {
            kept: rows,
            room: self.coded,
            block: self.tile,
        };
        let result = self
            .rooms
            .test(method, &prepared.ready, which, &mut block_rows, results);
        let result = result.unwrap_or_else(|| {
            self.label_directly(job, which, next, wanted, prepared);
            ScreenResult::default()
        });
        self.decide(job, which, prepared, count - result.left..count);
        let tested = Tested {
            result,
            points: among,
            k,
            margins: wanted,
        };
        self.policy.record(method, tested, &costs);
        self.counts.pairs += (count * k) as i64;
        self.counts.rechecked += result.open as i64;
        self.counts.evaluated += (result.evaluated + result.left * k) as i64;
        let margins = if wanted { &self.margins[..count] } else { &[] };
        (&self.labels[..count], margins)
    }

    /// Codes the rows of a block, unless they are valid.
    pub(super) fn code(
        &mut self,
        job: &Job<'_>,
        coding: &Int16Coding<'_>,
        block: Range<usize>,
        rows: &mut Int16Rows<'_>,
    ) {
        if rows.valid(&Which::Block(block.clone())).is_none() {
            let mut rows = BlockRows {
                kept: rows,
                room: self.coded,
                block: self.tile,
            };
            code_block(job, coding, &block, &mut rows);
        }
    }

    /// Counts pairs that were tested by groups, and those of points that stayed open.
    pub(super) fn count_pairs(&mut self, pairs: usize, in_vain: usize) {
        self.counts.pairs += pairs as i64;
        self.counts.in_vain += in_vain as i64;
    }

    /// Labels points by a search among sorted centers, or by D of all of them. This finds no margins: they are 0 where they are wanted.
    fn label_directly(
        &mut self,
        job: &Job<'_>,
        which: &Which<'_>,
        next: Range<usize>,
        wanted: bool,
        prepared: &Prepared<'_, '_>,
    ) {
        if wanted {
            self.margins.fill(0.0);
        }
        let (count, d) = (which.len(), job.points.d());
        if job.points.form().is_csr() && prepared.sorted.is_none() {
            let centers = prepared.ready.pass.centers;
            let labels = &mut self.labels[..count];
            return nearest_of_all(&job.points, job.level, which, centers, labels);
        }
        let few = Costs::new(job).are_few(count, job.level.width());
        if few && prepared.sorted.is_none() {
            return self.label_side_by_side(job, which, prepared.ready.pass.centers);
        }
        let lanes = pack(job.level, &job.points, which, self.tile);
        match &prepared.sorted {
            // A group of one dimension is as many points side by side as it has lanes.
            Some(sorted) => sorted.nearest(&self.tile[..count], &mut self.labels[..count]),
            _ => {
                let labels = &mut self.labels[..lanes];
                let mut ahead = Ahead::of(&job.points, next, 0..d);
                let centers = prepared.ready.pass.centers;
                let distances = &mut *self.distances;
                let (level, tile) = (job.level, &*self.tile);
                nearest(level, tile, d, centers, labels, distances, &mut ahead);
            }
        }
    }

    /// Labels few points by D of all centers, which are read once, and side by side.
    fn label_side_by_side(&mut self, job: &Job<'_>, which: &Which<'_>, centers: &[f64]) {
        const MOST: usize = 256;
        let (count, d) = (which.len(), job.points.d());
        let rows = match which {
            Which::Block(block) => {
                let block = block.clone();
                job.points.block_rows(job.level, block, 0..d, self.tile)
            }
            Which::Listed(..) => {
                let tile = &mut self.tile[..count * d];
                for (lane, row) in tile.chunks_exact_mut(d).enumerate() {
                    job.points.copy_point(which.point(lane), row);
                }
                Rows::new(tile, d)
            }
        };
        let (labels, least) = (&mut self.labels[..count], &mut self.distances[..count]);
        labels.fill(0);
        least.fill(f64::INFINITY);
        let mut distances = [0.0; MOST];
        let size = panel_centers(d, job.level.width()).min(MOST);
        for (panel, first) in centers.chunks(size * d).zip((0..).step_by(size)) {
            let distances = &mut distances[..panel.len() / d];
            for p in 0..count {
                to_centers(job.level, rows.row(p), panel, distances);
                for (j, &distance) in (first..).zip(&*distances) {
                    if distance < least[p] {
                        (labels[p], least[p]) = (j, distance);
                    }
                }
            }
        }
    }

    /// Labels the points in some places of `open` by D of all centers.
    fn decide(
        &mut self,
        job: &Job<'_>,
        which: &Which<'_>,
        prepared: &Prepared<'_, '_>,
        places: Range<usize>,
    ) {
        const DECIDED_TOGETHER: usize = 64;
        let (mut points, mut labels) = ([0; DECIDED_TOGETHER], [0; DECIDED_TOGETHER]);
        for lanes in self.open[places].chunks(DECIDED_TOGETHER) {
            for (point, &lane) in points.iter_mut().zip(lanes) {
                *point = (which.point(lane as usize) - which.first()) as u32;
            }
            let these = Which::Listed(&points[..lanes.len()], which.first());
            let padded = pack(job.level, &job.points, &these, self.tile);
            nearest(
                job.level,
                self.tile,
                job.points.d(),
                prepared.ready.pass.centers,
                &mut labels[..padded],
                self.distances,
                &mut Ahead::of(&job.points, 0..0, 0..0),
            );
            for (&lane, &label) in lanes.iter().zip(&labels) {
                self.labels[lane as usize] = label;
            }
        }
    }
}
