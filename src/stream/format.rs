//! The layout of the sums, and how long a list of farthest points is.

use core::ops::Range;

use super::whole::Stream;
use crate::exact::accumulator::{ExactSum, LARGEST_DIGIT, PRODUCT_DIGITS};
use crate::exact::limbs::size::{largest_sum, needed_limbs};
use crate::runtime::error::{refuse, Error};
use crate::update::relocate::ranked;
use crate::update::Exported;

/// The layout of the sums.
pub(super) struct Format {
    d: usize,
    k: usize,
    pub(super) weighted: bool,
    pub(super) weight_limbs: usize,
    pub(super) limbs: usize,
    pub(super) length: usize,
}

/// Places of the elements before the counts.
pub(super) const MEASURED: usize = 0;
pub(super) const COMPARED: usize = 1;
pub(super) const MOVED: usize = 2;
pub(super) const INERTIA: Range<usize> = 3..3 + PRODUCT_DIGITS;

/// The integers of a farthest point before its coordinates: D, the index among all points, the label and the weight.
pub(super) const HEAD: usize = 4;

impl Format {
    pub(super) fn of(stream: &Stream<'_>) -> Result<Self, Error> {
        let Stream { total, d, k, .. } = *stream;
        let weighted = stream.weighted();
        let terms = |i: usize| stream.coded(i).map(|coded| coded.terms);
        let all =
            (0..d).map(|i| terms(i).unwrap_or_else(|_| unreachable!("checked by Stream::new")));
        let weights = match weighted {
            true => Some(terms(d)?),
            false => None,
        };
        let limbs = needed_limbs(total, all, weights);
        let weight_limbs =
            weights.map_or(0, |range| needed_limbs(total, [range].into_iter(), None));
        let of_weights = usize::from(weighted) + weight_limbs;
        let length = limbs
            .checked_mul(d)
            .and_then(|words| (words + 1 + of_weights).checked_mul(k))
            .and_then(|words| words.checked_add(INERTIA.end));
        match length {
            Some(length) if length <= isize::MAX as usize / 8 => Ok(Format {
                d,
                k,
                weighted,
                weight_limbs,
                limbs,
                length,
            }),
            _ => refuse!(
                Shape,
                "the sums for these sizes do not fit the address space"
            ),
        }
    }

    /// The starts of counts, counts of positive weight, weights and terms.
    fn starts(&self) -> [usize; 4] {
        let counts = INERTIA.end;
        let positive = counts + self.k;
        let weights = positive + if self.weighted { self.k } else { 0 };
        [
            counts,
            positive,
            weights,
            weights + self.k * self.weight_limbs,
        ]
    }

    /// Checks that sums have the length.
    pub(super) fn check(&self, sums: &[i64]) -> Result<(), Error> {
        let (length, expected) = (sums.len(), self.length);
        if length != expected {
            return refuse!(Shape, "sums: {length} elements, but {expected} are needed");
        }
        Ok(())
    }

    /// Refuses sums that cannot come from at most `total` points in the range.
    pub(super) fn check_possible(&self, total: usize, sums: &[i64]) -> Result<(), Error> {
        match self.impossible(total, sums) {
            Some(at) => {
                let sum = sums[at];
                refuse!(
                    Range,
                    "sums: {sum} at index {at} cannot come from points in the range"
                )
            }
            None => Ok(()),
        }
    }

    /// The index of the first element that cannot come from such points (L35).
    fn impossible(&self, total: usize, sums: &[i64]) -> Option<usize> {
        let [counts, positive, weights, terms] = self.starts();
        let off = |elements: Range<usize>, least: i64, most: i64| {
            let mut of = sums[elements.clone()].iter();
            let at = of.position(|sum| !(least..=most).contains(sum))?;
            Some(elements.start + at)
        };
        let counted = counts..positive;
        let all = sums[counted.clone()]
            .iter()
            .fold(0, |all: i64, &count| all.saturating_add(count));
        off(counted, 0, total as i64)
            .or_else(|| off(MEASURED..MOVED, 0, all))
            .or_else(|| off(MOVED..MOVED + 1, 0, sums[COMPARED]))
            .or_else(|| off(INERTIA, 0, LARGEST_DIGIT))
            .or_else(|| {
                (0..self.k).find_map(|j| {
                    let count = sums[counts + j];
                    let limb = largest_sum(count, total);
                    let of = |first: usize, each: usize| first + j * each..first + (j + 1) * each;
                    off(of(positive, usize::from(self.weighted)), 0, count)
                        .or_else(|| off(of(weights, self.weight_limbs), -limb, limb))
                        .or_else(|| off(of(terms, self.limbs * self.d), -limb, limb))
                })
            })
    }

    /// The parts of sums.
    pub(super) fn view<'s>(&self, sums: &'s [i64]) -> View<'s> {
        let [counts, positive, weights, terms] = self.starts();
        let counted = &sums[counts..positive];
        View {
            measured: sums[MEASURED],
            compared: sums[COMPARED],
            moved: sums[MOVED],
            inertia: sums[INERTIA]
                .first_chunk()
                .copied()
                .unwrap_or([0; PRODUCT_DIGITS]),
            counts: counted,
            positive: match self.weighted {
                true => &sums[positive..weights],
                false => counted,
            },
            weights: &sums[weights..terms],
            weight_limbs: self.weight_limbs,
            terms: &sums[terms..],
        }
    }

    /// The parts of sums to add to.
    pub(super) fn parts<'s>(&self, sums: &'s mut [i64]) -> (&'s mut [i64], Exported<'s>) {
        let [counts, positive, weights, terms] = self.starts();
        let (rest, coordinates) = sums.split_at_mut(terms);
        let (rest, weights) = rest.split_at_mut(weights);
        let (rest, positive) = rest.split_at_mut(positive);
        let (head, counts) = rest.split_at_mut(counts);
        let exported = Exported {
            counts,
            positive,
            weights,
            coordinates,
        };
        (head, exported)
    }
}

impl Stream<'_> {
    /// The elements of the sums.
    pub(crate) fn sums_length(&self) -> Result<usize, Error> {
        Ok(Format::of(self)?.length)
    }
}

/// The parts of sums.
pub(super) struct View<'s> {
    pub(super) measured: i64,
    pub(super) compared: i64,
    pub(super) moved: i64,
    pub(super) inertia: [i64; PRODUCT_DIGITS],
    pub(super) counts: &'s [i64],
    pub(super) positive: &'s [i64],
    pub(super) weights: &'s [i64],
    pub(super) weight_limbs: usize,
    pub(super) terms: &'s [i64],
}

impl View<'_> {
    /// Clusters without a point of positive weight.
    pub(super) fn empty(&self) -> usize {
        let positive = self.positive.iter();
        positive.filter(|&&members| members == 0).count()
    }

    /// The number of elements of the list of farthest points for these clusters.
    pub(super) fn farthest_length(&self, d: usize) -> Result<usize, Error> {
        let empty = self.empty();
        let each = d.checked_add(HEAD);
        let all = each.and_then(|each| ranked(empty).checked_mul(each));
        match all {
            Some(length) if length <= isize::MAX as usize / 8 => Ok(length),
            _ => refuse!(
                Shape,
                "the farthest points for {empty} empty clusters do not fit the address space"
            ),
        }
    }

    /// The inertia, if it includes all points; else NaN.
    pub(super) fn inertia(&self, total: usize) -> f64 {
        match self.measured == total as i64 {
            true => ExactSum::from_digits(&self.inertia).round(),
            false => f64::NAN,
        }
    }
}

/// The parts of sums; refuses sums that are not of all points, or cannot come from any points.
pub(super) fn checked<'s>(
    stream: &Stream<'_>,
    format: &Format,
    sums: &'s [i64],
) -> Result<View<'s>, Error> {
    format.check(sums)?;
    let view = format.view(sums);
    let all: i128 = view.counts.iter().map(|&count| i128::from(count)).sum();
    let total = stream.total;
    if all != total as i128 {
        return refuse!(
            Shape,
            "sums: the counts add up to {all}, but total = {total}"
        );
    }
    format.check_possible(total, sums)?;
    Ok(view)
}

/// Refuses `n` more points than the total allows.
pub(super) fn check_count(total: usize, sums: &View<'_>, n: usize) -> Result<(), Error> {
    let before: i128 = sums.counts.iter().map(|&count| i128::from(count)).sum();
    let all = before + n as i128;
    if before < 0 || all > total as i128 {
        return refuse!(
            Shape,
            "points: {n} and {before} before do not fit total = {total}"
        );
    }
    Ok(())
}
