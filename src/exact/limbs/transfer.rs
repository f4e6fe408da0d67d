//! Rows that move from one cluster to another are subtracted from the sums of the one and added to those of the other.

use super::layout::Limbs;
use super::split::{self, Clusters};
use crate::points::Rows;
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// Points that move: the index of each, and the clusters it leaves and enters.
pub(crate) struct Moves<'a> {
    pub(crate) points: &'a [u32],
    pub(crate) from: &'a [i32],
    pub(crate) to: &'a [i32],
}

impl<'a> Moves<'a> {
    /// The move of the first row alone.
    pub(crate) fn one(from: &'a i32, to: &'a i32) -> Self {
        Moves {
            points: &[0],
            from: core::slice::from_ref(from),
            to: core::slice::from_ref(to),
        }
    }
}

impl Limbs<'_> {
    /// Splits one term of the only dimension, with its weight if there are weights: calls `add` with each limb in which it has bits, and
    /// their units.
    pub(crate) fn split(&self, x: f64, weight: Option<f64>, add: impl FnMut(usize, i64)) {
        split::scalar(x, weight, self, 0, 0..self.words(), add);
    }
}

/// Subtracts the limbs of the rows that move from the sums of the clusters they leave, and adds them to those of the clusters
/// they enter. Sums are exact, so they become what they would be had the rows been added there in the first place.
pub(crate) fn transfer(
    level: Level,
    rows: Rows<'_>,
    weights: Option<&[f64]>,
    moves: &Moves<'_>,
    limbs: &Limbs<'_>,
    sums: &mut [i64],
) {
    let k = sums.len() / limbs.words();
    let all_below = |labels: &[i32]| labels.iter().all(|&j| (j as usize) < k);
    assert!(rows.dims() == limbs.dims() && all_below(moves.from) && all_below(moves.to));
    level.run(Transfer {
        rows,
        weights,
        moves,
        limbs,
        sums,
    });
}

/// Rows have the dimensions of the limbs, and there are sums for every cluster of a move. Indices of rows and weights are checked when
/// these are read.
struct Transfer<'a> {
    rows: Rows<'a>,
    weights: Option<&'a [f64]>,
    moves: &'a Moves<'a>,
    limbs: &'a Limbs<'a>,
    sums: &'a mut [i64],
}

/// A row that moves.
struct Moved<'a> {
    row: &'a [f64],
    weight: Option<f64>,
    from: usize,
    to: usize,
}

impl Kernel for Transfer<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let Transfer {
            rows,
            weights,
            moves,
            limbs,
            sums,
        } = self;
        for ((&p, &from), &to) in moves.points.iter().zip(moves.from).zip(moves.to) {
            let p = p as usize;
            let moved = Moved {
                row: rows.row(p),
                weight: weights.map(|weights| weights[p]),
                from: from as usize,
                to: to as usize,
            };
            // SAFETY: the caller is compiled for the lanes; `transfer` has checked dimensions and clusters. Strides of 2 and 4 go to
            // kernels with vectors of that width.
            unsafe {
                match limbs.stride {
                    1 => scalar(&moved, limbs, sums),
                    2 => vectors::<<I::Lanes as Lanes>::Two>(&moved, limbs, sums),
                    4 => vectors::<<I::Lanes as Lanes>::Four>(&moved, limbs, sums),
                    _ => vectors::<I::Lanes>(&moved, limbs, sums),
                }
            }
        }
    }
}

/// Dimensions in lanes.
///
/// # Safety
/// The caller is compiled for `L`, and `WIDTH` is at most the stride. The row has the dimensions of the limbs, and there are sums
/// for both clusters.
#[inline(always)]
unsafe fn vectors<L: Lanes>(moved: &Moved<'_>, limbs: &Limbs<'_>, sums: &mut [i64]) {
    let row = moved.row;
    let d = row.len();
    // SAFETY: the row is read below d, the last vector partially; limb vectors start at multiples of WIDTH below the stride, which is a
    // multiple of WIDTH, so they lie inside the clusters' words.
    unsafe {
        let clusters = Clusters {
            from: sums.as_mut_ptr().add(moved.from * limbs.words()),
            to: sums.as_mut_ptr().add(moved.to * limbs.words()),
        };
        if let (Some(weight), Some(heaviest)) = (moved.weight, limbs.heaviest) {
            if weight > 0.0 {
                let placed = heaviest.place(weight);
                split::products::<L, true>(row, &(0..d), placed, limbs, clusters);
            }
            return;
        }
        if limbs.skips() {
            split::row::<L, true>(row, &(0..d), limbs, clusters);
            return;
        }
        let Clusters { from, to } = clusters;
        for i in (0..d).step_by(L::WIDTH) {
            let mut x = L::load_rest(row.as_ptr().add(i), d - i);
            for l in 0..limbs.count {
                let at = l * limbs.stride + i;
                let m = L::load(limbs.magic.as_ptr().add(at));
                let shifted = L::add(x, m);
                let less = L::sub_bits(L::load_bits(from.add(at)), shifted);
                L::store_bits(from.add(at), less);
                let more = L::add_bits(L::load_bits(to.add(at)), shifted);
                L::store_bits(to.add(at), more);
                x = L::sub(x, L::sub(shifted, m));
            }
        }
    }
}

/// One dimension.
#[inline(always)]
fn scalar(moved: &Moved<'_>, limbs: &Limbs<'_>, sums: &mut [i64]) {
    let words = limbs.words();
    split::scalar(
        moved.row[0],
        moved.weight,
        limbs,
        0,
        0..words,
        |l, units| {
            let (from, to) = (moved.from * words + l, moved.to * words + l);
            sums[from] = sums[from].wrapping_sub(units);
            sums[to] = sums[to].wrapping_add(units);
        },
    );
}
