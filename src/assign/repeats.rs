//! Centers that equal an earlier one. Ties go to the lowest index, so only the first of equal centers is tested, and the values of the
//! others start from infinity. Otherwise every point near them would have all of them within its error bound, and D would be evaluated
//! only to find that it is equal (L19).

use crate::simd::products::Element;

/// No other center equals this one.
const ALONE: u32 = 0;
/// Later ones equal it.
const FIRST: u32 = 1;
/// An earlier one equals it.
const LATER: u32 = 2;

/// For each center whether others equal it; nothing where none does.
#[derive(Clone, Copy, Default)]
pub(crate) struct Repeats<'a>(Option<&'a [u32]>);

/// No center.
const EMPTY: u32 = u32::MAX;

impl<'a> Repeats<'a> {
    /// How much room finding them takes, for k centers.
    pub(super) fn room(k: usize) -> usize {
        match k {
            0 => 0,
            _ => k.saturating_mul(2).checked_next_power_of_two().unwrap_or(k),
        }
    }

    /// Finds the centers that equal others, by a table of their hashes, in time that grows as the centers' memory does.
    pub(super) fn find(
        centers: &[f64],
        d: usize,
        kinds: &'a mut [u32],
        table: &mut [u32],
    ) -> Repeats<'a> {
        let k = centers.len() / d;
        let places = Self::room(k);
        let table = &mut table[..places];
        table.fill(EMPTY);
        kinds.fill(ALONE);
        let mut any = false;
        for (j, center) in centers.chunks_exact(d).enumerate() {
            let mut place = hash(center) as usize & (places - 1);
            loop {
                let other = table[place];
                if other == EMPTY {
                    table[place] = j as u32;
                    break;
                }
                // Compared as numbers: 0 and -0 are the same to D.
                if centers[other as usize * d..][..d] == *center {
                    (kinds[other as usize], kinds[j]) = (FIRST, LATER);
                    any = true;
                    break;
                }
                place = (place + 1) & (places - 1);
            }
        }
        Repeats(any.then_some(&*kinds))
    }

    /// Whether there are any.
    pub(super) fn any(self) -> bool {
        self.0.is_some()
    }

    /// Sets the start of those that equal an earlier one to infinity.
    pub(super) fn exclude<E: Element>(self, norms: &mut [E], infinity: E) {
        let kinds = self.0.into_iter().flatten();
        for (norms, &kind) in norms.chunks_exact_mut(E::NORMS).zip(kinds) {
            if kind == LATER {
                norms[0] = infinity;
            }
        }
    }

    /// Sets to 0 the margins of points whose center equals others: a margin would say that those are farther.
    #[inline(always)]
    pub(super) fn zero_margins(self, labels: &[i32], margins: &mut [f32]) {
        if let Some(kinds) = self.0 {
            for (margin, &label) in margins.iter_mut().zip(labels) {
                if kinds[label as usize] != ALONE {
                    *margin = 0.0;
                }
            }
        }
    }
}

/// A hash of coordinates, in four chains, since each product has to wait for the one before it.
fn hash(center: &[f64]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, x: f64| {
        // 0 for -0.
        let mixed = (sum ^ (x + 0.0).to_bits()).wrapping_mul(ODD);
        mixed ^ mixed >> 29
    };
    let mut sums = [1u64, 2, 3, 4];
    let (fours, rest) = center.as_chunks::<4>();
    for four in fours {
        for (sum, &x) in sums.iter_mut().zip(four) {
            *sum = mix(*sum, x);
        }
    }
    for (sum, &x) in sums.iter_mut().zip(rest) {
        *sum = mix(*sum, x);
    }
    let all = sums.into_iter().fold(0u64, |all, sum| {
        (all ^ sum).wrapping_mul(ODD).rotate_left(31)
    });
    all ^ all >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_is_found() {
        let centers = [1.0, 0.0, 2.0, 3.0, 1.0, -0.0, 2.0, 2.0, 1.0, 0.0];
        let (mut kinds, mut table) = ([9; 5], vec![9; Repeats::room(5)]);
        let repeats = Repeats::find(&centers, 2, &mut kinds, &mut table);
        assert_eq!(repeats.0, Some(&[FIRST, ALONE, LATER, ALONE, LATER][..]));
        let mut norms = [1.0f32, 2.0, 3.0, 4.0, 5.0];
        repeats.exclude(&mut norms, f32::INFINITY);
        assert_eq!(norms, [1.0, 2.0, f32::INFINITY, 4.0, f32::INFINITY]);
        let mut margins = [7.0; 3];
        repeats.zero_margins(&[0, 1, 3], &mut margins);
        assert_eq!(margins, [0.0, 7.0, 7.0]);
        let other = Repeats::find(&centers[..4], 2, &mut kinds[..2], &mut table);
        assert!(other.0.is_none());
    }
}
