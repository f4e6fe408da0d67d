//! Words: the points as whole numbers of 16 bits, a quarter of their memory, kept from pass to pass where there is room.
//!
//! ```text
//!   a row:  x0 x1 x2 x3 | x4 x5 x6 0 | |X̂ - X| |x|        units of 64 bits: four coordinates each, then two norms in binary32
//! ```
//!
//! Each point has a scale of its own, which makes its vector as long as words allow; short ones are as finely told as long ones.
//! A pass that finds words reads these instead of the points, and neither shifts nor scales nor rounds anything. It turns rows
//! into lanes by squares of units. What words prove is told in [`certify`](super::certify), how margins come of it in
//! [`bounds`](super::bounds).

use core::ops::Range;

use super::bounds::down;
use super::certify::{is_nearer, word_unit, WordReach, TINY};
use super::screened::{Screened, Tile, Units, FAR, NEAR};
use crate::call::{Algorithm, Job, Shape, STEP};
use crate::points::{Ahead, Layout, Points, Rows, Which};
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::products::{Element, Pair};
use crate::simd::Lanes;

/// Dimensions for which there are words: one or two would take no less memory than they do, and more than these are no longer
/// one chunk.
const DIMENSIONS: Range<usize> = 32..Pair::CHUNK * Pair::COORDINATES + 1;

/// Whether there are words of a shape. (For fewer dimensions, where squares of units would be mostly empty, they were tried in
/// groups, as lanes want them: 1,000,000 points of 8 dimensions took 8.3 ms a pass in place of 9, but 32 in place of 20 the first
/// time, and the sums had to fetch the points by themselves. Tiles of single precision that were kept saved a tenth of an
/// iteration there, but a fit of 17 iterations took as long, for 36 bytes a point more; of 2 dimensions, it took longer.
/// Bytes that were kept, d + 8 a point, left 5 to 19 points of a hundred to single precision: with AVX-512, 200,000 points of 16
/// dimensions and 64 centers took 86 ms in place of 96 for 17 iterations, but 38 in place of 34 for 4, and 1,000,000 of 8
/// dimensions took as long.)
pub(super) fn suit(shape: &Shape) -> bool {
    DIMENSIONS.contains(&shape.d) && (3..1 << 24).contains(&shape.k)
}

/// Coordinates in a unit.
const FOUR: usize = 4;

/// Units of a row.
pub(super) fn stride(d: usize) -> usize {
    d.div_ceil(FOUR) + 1
}

/// How points become words: scale (x - mean), which is about 1 long, over the point's unit, rounded to whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct Coding<'a> {
    pub(crate) mean: &'a [f64],
    pub(crate) scale: f64,
}

/// Room for the words of all points, and which of them are written.
pub(crate) struct Kept<'w> {
    units: &'w mut [i64],
    /// For each block, whether all its rows are [`WRITTEN`].
    marks: &'w mut [u16],
    /// Units of a row, and rows of a block.
    stride: usize,
    block: usize,
}

/// The mark of a block whose rows were written, all of them with the coding of the first that was (L13). Only who writes rows
/// sets it, and there is no way to rows without it.
const WRITTEN: u16 = 1;

impl<'w> Kept<'w> {
    /// Room, if the algorithm keeps anything.
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, algorithm: Algorithm) -> Self {
        let Shape { n, d, block, .. } = *shape;
        let rows = match algorithm {
            Algorithm::Auto | Algorithm::Hamerly if suit(shape) => n,
            _ => 0,
        };
        let units = from.take(rows.saturating_mul(stride(d)));
        // Room for the marks of blocks as small as they may be: larger ones are not to take less (L38).
        let marks = from.take(rows.div_ceil(STEP));
        let blocks = rows.div_ceil(block).min(marks.len());
        Kept {
            units,
            marks: &mut marks[..blocks],
            stride: stride(d),
            block,
        }
    }

    /// No room for any.
    pub(crate) fn nothing() -> Self {
        Kept {
            units: &mut [],
            marks: &mut [],
            stride: 0,
            block: 1,
        }
    }

    /// Forgets all rows: those that are written from here on may have another coding.
    pub(crate) fn forget(&mut self) {
        self.marks.fill(0);
        // Rows that say that every point is the mean.
        spoil(self.units, 0);
    }

    /// Whether passes are spared the points themselves, which lie in rows.
    pub(crate) fn spare(&self, job: &Job<'_>) -> bool {
        let all = !self.marks.is_empty() && self.marks.iter().all(|&mark| mark == WRITTEN);
        all && job.points.layout() == Layout::Rows
    }

    /// Those of all points.
    pub(super) fn all(&mut self) -> Words<'_> {
        Words {
            units: self.units,
            marks: self.marks,
            stride: self.stride,
            block: self.block,
            first: 0,
        }
    }
}

/// The words of some points, from `first` on, which starts a block; or no room for any.
pub(crate) struct Words<'a> {
    units: &'a mut [i64],
    marks: &'a mut [u16],
    stride: usize,
    block: usize,
    first: usize,
}

impl Default for Words<'_> {
    fn default() -> Self {
        Words {
            units: &mut [],
            marks: &mut [],
            stride: 0,
            block: 1,
            first: 0,
        }
    }
}

impl Words<'_> {
    /// Those of the first points, whole blocks, and of the rest.
    pub(super) fn split(self, points: usize) -> (Self, Self) {
        let Words {
            units,
            marks,
            stride,
            block,
            first,
        } = self;
        let (units, other_units) = units.split_at_mut(units.len().min(points * stride));
        let (marks, other_marks) = marks.split_at_mut(marks.len().min(points.div_ceil(block)));
        let part = |units, marks, first| Words {
            units,
            marks,
            stride,
            block,
            first,
        };
        (
            part(units, marks, first),
            part(other_units, other_marks, first + points),
        )
    }

    /// Whether there is room for them.
    pub(super) fn are_kept(&self) -> bool {
        !self.marks.is_empty()
    }

    /// The rows of points, if they are written: of a block, or of all points that some are picked from.
    pub(super) fn written(&self, which: &Which<'_>) -> Option<Written<'_>> {
        let (units, first) = match which {
            _ if !self.are_kept() => return None,
            Which::Block(block) => {
                let (mark, units) = self.place(block);
                (self.marks[mark] == WRITTEN).then_some((&self.units[units], block.start))?
            }
            Which::Some(..) => {
                let all = self.marks.iter().all(|&mark| mark == WRITTEN);
                all.then_some((&*self.units, self.first))?
            }
        };
        Some(Written {
            units,
            first,
            kept: true,
        })
    }

    /// Has the rows of a block written by `code`, to where they are kept, or else to `room`, which is as long.
    pub(super) fn write<'a>(
        &'a mut self,
        block: &Range<usize>,
        room: &'a mut [i64],
        code: impl FnOnce(&mut [i64]),
    ) -> Written<'a> {
        let units = match self.are_kept() {
            true => {
                let (mark, units) = self.place(block);
                let units = &mut self.units[units];
                assert!(units.len() == room.len());
                code(units);
                self.marks[mark] = WRITTEN;
                &*units
            }
            false => {
                code(room);
                &*room
            }
        };
        Written {
            units,
            first: block.start,
            kept: false,
        }
    }

    /// The mark of a block, and where its units are.
    fn place(&self, block: &Range<usize>) -> (usize, Range<usize>) {
        let at = block.start - self.first;
        let units = at * self.stride..(at + block.len()) * self.stride;
        let whole = block.len() == self.block || units.end == self.units.len();
        assert!(at.is_multiple_of(self.block) && whole);
        (at / self.block, units)
    }
}

/// Rows that were written, of the points from `first` on.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    units: &'a [i64],
    first: usize,
    /// Whether they are what is read from memory, and not what has just been written.
    kept: bool,
}

/// The words of a pass, and what they prove.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(super) rows: Written<'a>,
    pub(super) proof: Proof<'a>,
}

/// What words prove for the centers of a pass.
#[derive(Clone, Copy)]
pub(crate) struct Proof<'a> {
    pub(super) scale: f64,
    pub(super) reach: WordReach,
    /// Where the values of each center start, and its unit.
    pub(super) centers: &'a [Pair],
    pub(super) units: Units,
}

impl Frame<'_> {
    /// Panics unless there are rows of all these points.
    pub(crate) fn check(&self, points: &Points<'_>, which: &Which<'_>) {
        let Written { units, first, .. } = self.rows;
        let end = first + units.len() / stride(points.d());
        assert!(which.first() >= first && which.all_below(end));
    }
}

/// What |x|² from binary32, and sums of it, may be off by, of itself (L7, L10).
const OFF: f32 = 1.0 / (1 << 20) as f32;

impl Screened<Pair> for Frame<'_> {
    #[inline(always)]
    unsafe fn pack<L: Lanes>(
        &self,
        points: &Points<'_>,
        which: &Which<'_>,
        chunk: Range<usize>,
        tile: Tile<'_, Pair>,
    ) {
        let Tile {
            width,
            elements,
            reaches,
            squares,
        } = tile;
        let (length, stride) = (chunk.len(), stride(points.d()));
        let lanes = which.len().next_multiple_of(width);
        // A chunk is all there is.
        assert!(chunk.start == 0 && 2 * (stride - 1) >= length && width == 2 * L::WIDTH);
        let whole = length + Pair::SIDES;
        assert!(lanes * whole <= elements.len() && lanes <= reaches.len().min(squares.len()));
        let elements = elements.as_mut_ptr().cast::<i32>();
        let mut nowhere = [0; 16];
        // SAFETY: there is a row of words for every point, of two elements a unit, and another unit; a vector that is loaded
        // ends with the row's elements. An odd number of elements leaves the last unit's second one out. Groups of as many
        // elements and two sides are inside the tile.
        unsafe {
            for lane in (0..lanes).step_by(width) {
                let mut rows = [core::ptr::null::<f64>(); 16];
                for (l, row) in rows.iter_mut().enumerate().take(width) {
                    let at = (which.point(lane + l) - self.rows.first) * stride;
                    *row = self.rows.units.as_ptr().add(at).cast();
                }
                let group = elements.add(lane * whole);
                for u in (0..stride - 1).step_by(L::WIDTH) {
                    let units = L::WIDTH.min(stride - 1 - u);
                    let (mut a, mut b) = ([L::splat(0.0); 8], [L::splat(0.0); 8]);
                    for l in 0..L::WIDTH {
                        a[l] = L::load_rest(rows[l].add(u), units);
                        b[l] = L::load_rest(rows[L::WIDTH + l].add(u), units);
                    }
                    L::transpose(&mut a);
                    L::transpose(&mut b);
                    for c in 0..units {
                        let e = 2 * (u + c);
                        let low = group.add(e * width);
                        let high = match e + 1 < length {
                            true => low.add(width),
                            false => nowhere.as_mut_ptr(),
                        };
                        L::store_halves(a[c], b[c], low, high);
                    }
                }
                let (mut errors, mut lengths) = ([0.0; 16], [0.0; 16]);
                for l in 0..2 * L::WIDTH {
                    let norms = rows[l].add(stride - 1).cast::<i64>().read();
                    errors[l] = f32::from_bits(norms as u32);
                    lengths[l] = f32::from_bits((norms >> 32) as u32);
                }
                let sides = group.add(length * width);
                let (reaches, squares) = (&mut reaches[lane..], &mut squares[lane..]);
                let (reaches, squares) = (reaches.as_mut_ptr(), squares.as_mut_ptr());
                for l in 0..2 * L::WIDTH {
                    let unit = word_unit(lengths[l]);
                    let (least, reach) = self.proof.reach.of_point(errors[l], unit);
                    *sides.add(l) = -least;
                    *sides.add(width + l) = Pair::of(unit).0;
                    *reaches.add(l) = Pair::of(reach);
                    *squares.add(l) = f64::from(lengths[l]) * f64::from(lengths[l]);
                }
            }
        }
    }

    #[inline(always)]
    fn complete(&self, labels: &[i32], squares: &[f64], reaches: &mut [Pair]) {
        let (mut starts, mut units) = ([0.0; 16], [0.0; 16]);
        for ((start, unit), &label) in starts.iter_mut().zip(&mut units).zip(labels) {
            let norms = &self.proof.centers[2 * label as usize..];
            (*start, *unit) = (norms[0].number(), norms[1].number());
        }
        let squares = &squares[..reaches.len()];
        for (l, (reach, &square)) in reaches.iter_mut().zip(squares).enumerate() {
            let whole = WordReach::whole(reach.number(), units[l], starts[l], square);
            *reach = Pair::of(whole);
        }
    }

    #[inline(always)]
    fn limit(&self, distance: f64, square: f64, reach: Pair) -> Option<Pair> {
        let scale = self.proof.scale;
        let value = 0.5 * (scale * (scale * distance) - square * (1.0 - f64::from(OFF)));
        // For the rounding here.
        let limit = value as f32 + value.abs() as f32 * (2.0 * f32::EPSILON) + TINY;
        (reach.number() < f32::INFINITY).then_some(Pair::of(limit))
    }

    #[inline(always)]
    fn margin(&self, least: Pair, second: Pair, reach: Pair, _: Pair, square: f64) -> f32 {
        let square = square as f32;
        let [least, second, reach] = [least, second, reach].map(Pair::number);
        let Proof { scale, units, .. } = self.proof;
        let near = (square * (1.0 + OFF) + 2.0 * (least + reach)).sqrt();
        let far = (square * (1.0 - OFF) + 2.0 * second - TINY).sqrt();
        let margin = (far * FAR as f32 - near * NEAR as f32) * down(units.scale / scale);
        // Either factor may be subnormal, and the product.
        margin - 2.0 * f32::EPSILON * margin.abs() - f32::MIN_POSITIVE - units.slack as f32
    }

    #[inline(always)]
    fn ahead(&self, points: &Points<'_>, next: Range<usize>) -> Ahead {
        let Written { units, first, kept } = self.rows;
        if !kept {
            return Ahead::of(points, next, 0..points.d());
        }
        let stride = stride(points.d());
        let first = next.start.wrapping_sub(first).wrapping_mul(stride);
        Ahead::run(units.as_ptr().wrapping_add(first), next.len() * stride)
    }
}

/// Coordinates that become words together.
const EIGHT: usize = 2 * FOUR;

/// The sum of the squares of some coordinates, lane by lane.
#[inline(always)]
fn add_squares(sums: &mut [f64; EIGHT], x: &[f64; EIGHT], mean: &[f64; EIGHT], scale: f64) {
    for l in 0..EIGHT {
        let shifted = (x[l] - mean[l]) * scale;
        sums[l] += shifted * shifted;
    }
}

/// The words of some coordinates; adds the squares of what was rounded away, lane by lane.
#[inline(always)]
fn round(off: &mut [f64; EIGHT], x: &[f64; EIGHT], mean: &[f64; EIGHT], scale: f64) -> [i64; 2] {
    // Added, it leaves whole numbers in the low bits.
    const MAGIC: f64 = (3u64 << 51) as f64;
    let mut words = [[0; 2]; EIGHT];
    for l in 0..EIGHT {
        let exact = (x[l] - mean[l]) * scale;
        let shifted = exact + MAGIC;
        let rest = exact - (shifted - MAGIC);
        off[l] += rest * rest;
        words[l] = (shifted.to_bits() as i16).to_le_bytes();
    }
    let [a, b, c, d, e, f, g, h] = words;
    [[a, b, c, d], [e, f, g, h]].map(|four| {
        let [[a, b], [c, d], [e, f], [g, h]] = four;
        i64::from_le_bytes([a, b, c, d, e, f, g, h])
    })
}

/// The root of a sum, in single precision, not less.
#[inline(always)]
fn root(squares: &[f64; EIGHT]) -> f32 {
    const UP: f64 = 1.0 + 1e-7;
    (squares.iter().sum::<f64>().sqrt() * UP) as f32
}

/// Turns rows into words.
#[inline(always)]
pub(crate) fn code(rows: Rows<'_>, coding: &Coding<'_>, units: &mut [i64]) {
    let d = rows.dims();
    let Coding { mean, scale } = *coding;
    let (means, mean_rest) = mean[..d].as_chunks::<EIGHT>();
    let mut last_mean = [0.0; EIGHT];
    last_mean[..mean_rest.len()].copy_from_slice(mean_rest);
    let words = units.chunks_exact_mut(stride(d));
    for (p, words) in words.enumerate().take(rows.count()) {
        let (row, row_rest) = rows.row(p).as_chunks::<EIGHT>();
        let mut last = [0.0; EIGHT];
        last[..row_rest.len()].copy_from_slice(row_rest);
        let mut squares = [0.0; EIGHT];
        for (x, mean) in row.iter().zip(means) {
            add_squares(&mut squares, x, mean, scale);
        }
        add_squares(&mut squares, &last, &last_mean, scale);
        let norm = root(&squares);
        let (words, norms) = words.split_at_mut(stride(d) - 1);
        if !is_nearer(norm.into()) {
            words.fill(0);
            norms[0] = i64::from(f32::INFINITY.to_bits()) << 32;
            continue;
        }
        let fine = scale / f64::from(word_unit(norm));
        let mut off = [0.0; EIGHT];
        let (whole, rest) = words.as_chunks_mut::<2>();
        for ((words, x), mean) in whole.iter_mut().zip(row).zip(means) {
            *words = round(&mut off, x, mean, fine);
        }
        if !row_rest.is_empty() {
            let ends = round(&mut off, &last, &last_mean, fine);
            // The rest is a unit, or more than a unit, which makes two.
            match rest {
                [unit] => *unit = ends[0],
                _ => whole[row.len()] = ends,
            }
        }
        norms[0] = i64::from(norm.to_bits()) << 32 | i64::from(root(&off).to_bits());
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, Which};

    /// Five points in blocks of two, two units each.
    #[test]
    fn rows_are_there_when_they_are_written() {
        let (mut units, mut marks) = ([0; 10], [0; 3]);
        let mut kept = Kept {
            units: &mut units,
            marks: &mut marks,
            stride: 2,
            block: 2,
        };
        let (mut these, mut rest) = kept.all().split(4);
        assert!(these.written(&Which::Block(0..2)).is_none());
        let mut room = [0; 4];
        let written = these.write(&(2..4), &mut room, |units| units.fill(7));
        assert_eq!(
            (written.units, written.first, written.kept),
            (&[7; 4][..], 2, false)
        );
        let again = these.written(&Which::Block(2..4)).expect("written");
        assert_eq!(
            (again.units, again.first, again.kept),
            (&[7; 4][..], 2, true)
        );
        // Others of the same stretch are not.
        assert!(these.written(&Which::Block(0..2)).is_none());
        assert!(these.written(&Which::Some(&[2], 0)).is_none());
        these.write(&(0..2), &mut room, |units| units.fill(8));
        let picked = these.written(&Which::Some(&[2], 0)).expect("written");
        assert_eq!(
            (picked.units, picked.first),
            (&[8, 8, 8, 8, 7, 7, 7, 7][..], 0)
        );
        // The last block is short.
        assert!(rest.written(&Which::Some(&[0], 4)).is_none());
        rest.write(&(4..5), &mut room[..2], |units| units.fill(9));
        let picked = rest.written(&Which::Some(&[0], 4)).expect("written");
        assert_eq!((picked.units, picked.first), (&[9, 9][..], 4));
        kept.forget();
        let all = kept.all();
        assert!(all.written(&Which::Block(2..4)).is_none());
        // Where none are kept, they go to the room, and are not there afterwards.
        let mut nothing = Kept::nothing();
        let mut none = nothing.all();
        assert_eq!(
            none.write(&(2..4), &mut room, |units| units.fill(6)).units,
            [6; 4]
        );
        assert!(none.written(&Which::Block(2..4)).is_none());
    }
}
