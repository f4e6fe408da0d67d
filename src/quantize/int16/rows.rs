//! The coded rows of points, kept from pass to pass if there is room, and the record of which of them are valid.

use core::ops::Range;

use super::{stride, suits};
use crate::call::{Algorithm, Job, Shape, STEP};
use crate::points::{Ahead, Layout, Points, Which};
use crate::runtime::workspace::{spoil, Cut};

/// Room for the rows of all points, and which of them are valid.
///
/// A block's rows are valid from when they were written, all of them, until [`forget`](Self::forget); and all blocks are written
/// with the same origin and scale (L13). That holds because marks and rows are private to this file: [`Int16Rows::write`] alone sets
/// a mark, after it has had the whole block coded, and rows are read only as [`ValidRows`], which it returns, or which
/// [`Int16Rows::valid`] makes of rows that are marked. No other code reaches a mark or a row.
pub(crate) struct QuantizedPoints<'w> {
    data: &'w mut [i64],
    /// For each block, whether all its rows are [`VALID`].
    marks: &'w mut [u16],
    /// Elements of a row, and rows of a block.
    stride: usize,
    block: usize,
}

/// The mark of a block whose rows are valid.
const VALID: u16 = 1;

impl<'w> QuantizedPoints<'w> {
    /// Room for all rows, if the algorithm keeps any.
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, algorithm: Algorithm) -> Self {
        let Shape { n, d, block, .. } = *shape;
        let rows = match algorithm {
            Algorithm::Auto | Algorithm::Hamerly if suits(shape) => n,
            _ => 0,
        };
        let data = from.take(rows.saturating_mul(stride(d)));
        // Room for the marks of blocks as small as they may be: larger ones are not to take less (L38).
        let marks = from.take(rows.div_ceil(STEP));
        let blocks = rows.div_ceil(block).min(marks.len());
        QuantizedPoints {
            data,
            marks: &mut marks[..blocks],
            stride: stride(d),
            block,
        }
    }

    /// No room for any.
    pub(crate) fn nothing() -> Self {
        QuantizedPoints {
            data: &mut [],
            marks: &mut [],
            stride: 0,
            block: 1,
        }
    }

    /// Makes all rows invalid: those that are written afterwards may have another origin or scale.
    pub(crate) fn forget(&mut self) {
        self.marks.fill(0);
        // In debug builds: rows as if every point were the origin.
        spoil(self.data, 0);
    }

    /// Whether passes read the coded rows in place of the points: all are valid, and the points lie in rows.
    pub(crate) fn replace_points(&self, job: &Job<'_>) -> bool {
        let all = !self.marks.is_empty() && self.marks.iter().all(|&mark| mark == VALID);
        all && job.points.layout() == Layout::Rows
    }

    /// The rows of all points.
    pub(crate) fn rows(&mut self) -> Int16Rows<'_> {
        Int16Rows {
            data: self.data,
            marks: self.marks,
            stride: self.stride,
            block: self.block,
            first: 0,
        }
    }
}

/// Room for the rows of some points, from `first` on, which starts a block; or for none.
pub(crate) struct Int16Rows<'a> {
    data: &'a mut [i64],
    marks: &'a mut [u16],
    stride: usize,
    block: usize,
    first: usize,
}

impl Default for Int16Rows<'_> {
    fn default() -> Self {
        Int16Rows {
            data: &mut [],
            marks: &mut [],
            stride: 0,
            block: 1,
            first: 0,
        }
    }
}

impl Int16Rows<'_> {
    /// The room of the first `points`, which are whole blocks, and that of the rest.
    pub(crate) fn split(self, points: usize) -> (Self, Self) {
        let Int16Rows {
            data,
            marks,
            stride,
            block,
            first,
        } = self;
        let (data, other_data) = data.split_at_mut(data.len().min(points * stride));
        let (marks, other_marks) = marks.split_at_mut(marks.len().min(points.div_ceil(block)));
        let part = |data, marks, first| Int16Rows {
            data,
            marks,
            stride,
            block,
            first,
        };
        (
            part(data, marks, first),
            part(other_data, other_marks, first + points),
        )
    }

    /// Whether there is room.
    pub(crate) fn are_kept(&self) -> bool {
        !self.marks.is_empty()
    }

    /// The rows of points, if they are valid: of a block, or of all points that some are picked from.
    pub(crate) fn valid(&self, which: &Which<'_>) -> Option<ValidRows<'_>> {
        let (data, first) = match which {
            _ if !self.are_kept() => return None,
            Which::Block(block) => {
                let (mark, data) = self.place(block);
                (self.marks[mark] == VALID).then_some((&self.data[data], block.start))?
            }
            Which::Listed(..) => {
                let all = self.marks.iter().all(|&mark| mark == VALID);
                all.then_some((&*self.data, self.first))?
            }
        };
        Some(ValidRows {
            data,
            first,
            from_memory: true,
        })
    }

    /// Has the rows of a block written by `code`, to where they are kept, or else to `room`, which is as long.
    pub(crate) fn write<'a>(
        &'a mut self,
        block: &Range<usize>,
        room: &'a mut [i64],
        code: impl FnOnce(&mut [i64]),
    ) -> ValidRows<'a> {
        let data = match self.are_kept() {
            true => {
                let (mark, data) = self.place(block);
                let data = &mut self.data[data];
                assert!(data.len() == room.len());
                code(data);
                self.marks[mark] = VALID;
                &*data
            }
            false => {
                code(room);
                &*room
            }
        };
        ValidRows {
            data,
            first: block.start,
            from_memory: false,
        }
    }

    /// The mark of a block, and where its rows are.
    fn place(&self, block: &Range<usize>) -> (usize, Range<usize>) {
        let at = block.start - self.first;
        let data = at * self.stride..(at + block.len()) * self.stride;
        let whole = block.len() == self.block || data.end == self.data.len();
        assert!(at.is_multiple_of(self.block) && whole);
        (at / self.block, data)
    }
}

/// Valid rows, of the points from `first` on.
#[derive(Clone, Copy)]
pub(crate) struct ValidRows<'a> {
    data: &'a [i64],
    first: usize,
    /// Whether they come from memory, and were not written just now.
    from_memory: bool,
}

impl ValidRows<'_> {
    /// Whether there are rows of all these points.
    pub(crate) fn have(&self, points: &Points<'_>, which: &Which<'_>) -> bool {
        let end = self.first + self.data.len() / stride(points.d());
        which.first() >= self.first && which.all_below(end)
    }

    /// The row of point `p`, of d dimensions.
    ///
    /// # Safety
    /// There is one (see [`have`](Self::have)).
    #[inline(always)]
    pub(crate) unsafe fn row(&self, p: usize, stride: usize) -> *const i64 {
        // SAFETY: the contract above.
        unsafe { self.data.as_ptr().add((p - self.first) * stride) }
    }

    /// What is read when the points `next` come.
    #[inline(always)]
    pub(crate) fn ahead(&self, points: &Points<'_>, next: Range<usize>) -> Ahead {
        if !self.from_memory {
            return Ahead::of(points, next, 0..points.d());
        }
        let stride = stride(points.d());
        let first = next.start.wrapping_sub(self.first).wrapping_mul(stride);
        Ahead::run(self.data.as_ptr().wrapping_add(first), next.len() * stride)
    }
}

#[cfg(test)]
mod tests {
    use super::{Points, QuantizedPoints, Which};

    /// Five points in blocks of two, two elements each.
    #[test]
    fn rows_are_there_when_they_are_written() {
        let (mut data, mut marks) = ([0; 10], [0; 3]);
        let mut points = QuantizedPoints {
            data: &mut data,
            marks: &mut marks,
            stride: 2,
            block: 2,
        };
        let (mut these, mut rest) = points.rows().split(4);
        assert!(these.valid(&Which::Block(0..2)).is_none());
        let mut room = [0; 4];
        let written = these.write(&(2..4), &mut room, |data| data.fill(7));
        assert_eq!(
            (written.data, written.first, written.from_memory),
            (&[7; 4][..], 2, false)
        );
        // Of these points, and of no others.
        let coordinates = [0.0; 5];
        let five = Points::rows(&coordinates, 5, 1).expect("five rows");
        assert!(written.have(&five, &Which::Block(2..4)));
        assert!(!written.have(&five, &Which::Block(1..4)));
        assert!(!written.have(&five, &Which::Block(2..5)));
        assert!(!written.have(&five, &Which::Listed(&[0, 2], 2)));
        let again = these.valid(&Which::Block(2..4)).expect("written");
        assert_eq!(
            (again.data, again.first, again.from_memory),
            (&[7; 4][..], 2, true)
        );
        // The other block of the stretch is not valid.
        assert!(these.valid(&Which::Block(0..2)).is_none());
        assert!(these.valid(&Which::Listed(&[2], 0)).is_none());
        these.write(&(0..2), &mut room, |data| data.fill(8));
        let picked = these.valid(&Which::Listed(&[2], 0)).expect("written");
        assert_eq!(
            (picked.data, picked.first),
            (&[8, 8, 8, 8, 7, 7, 7, 7][..], 0)
        );
        // The last block is short.
        assert!(rest.valid(&Which::Listed(&[0], 4)).is_none());
        rest.write(&(4..5), &mut room[..2], |data| data.fill(9));
        let picked = rest.valid(&Which::Listed(&[0], 4)).expect("written");
        assert_eq!((picked.data, picked.first), (&[9, 9][..], 4));
        points.forget();
        assert!(points.rows().valid(&Which::Block(2..4)).is_none());
        // Where none are kept, they go to the room, and are not there afterwards.
        let mut nothing = QuantizedPoints::nothing();
        let mut none = nothing.rows();
        assert_eq!(
            none.write(&(2..4), &mut room, |data| data.fill(6)).data,
            [6; 4]
        );
        assert!(none.valid(&Which::Block(2..4)).is_none());
    }

    /// A block whose coding does not come to its end is not valid, whatever its rows are like.
    #[test]
    fn what_was_not_written_to_the_end_is_not_valid() {
        let (mut data, mut marks) = ([0; 4], [0; 1]);
        let mut points = QuantizedPoints {
            data: &mut data,
            marks: &mut marks,
            stride: 2,
            block: 2,
        };
        let mut rows = points.rows();
        let interrupted = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            rows.write(&(0..2), &mut [0; 4], |data| {
                data[0] = 7;
                std::panic::resume_unwind(Box::new("in the middle"));
            });
        }));
        assert!(interrupted.is_err() && rows.valid(&Which::Block(0..2)).is_none());
    }
}
