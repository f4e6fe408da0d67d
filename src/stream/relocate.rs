//! Farthest points move to empty clusters, in sums.

use super::farthest::points;
use super::format::Format;
use super::whole::Stream;
use crate::exact::limbs::size::MOST_LIMBS;
use crate::exact::limbs::{Limbs, TermFormat};
use crate::runtime::error::Error;
use crate::update::relocate::take;

impl Format {
    /// Moves points of a list, which was checked, to the empty clusters, as `update/relocate.rs` chooses them.
    pub(super) fn relocate(
        &self,
        stream: &Stream<'_>,
        list: &[i64],
        sums: &mut [i64],
    ) -> Result<(), Error> {
        let Stream { total, d, k, .. } = *stream;
        let weights = match stream.weighted() {
            true => Some(stream.coded(d)?.terms),
            false => None,
        };
        let (limbs, of_weights) = (self.limbs, self.weight_limbs);
        let to_weights = self.weighted;
        let (_, to) = self.parts(sums);
        // The magic numbers of one dimension.
        let mut magic = [0.0; MOST_LIMBS];
        let mut empty = 0;
        for point in points(list, d) {
            let positive = match to_weights {
                true => &mut *to.positive,
                false => &mut *to.counts,
            };
            while empty < k && positive[empty] > 0 {
                empty += 1;
            }
            if empty == k {
                break;
            }
            let from = point.label;
            if !take(&mut positive[from]) {
                continue;
            }
            positive[empty] += 1;
            let transfer = |sums: &mut [i64], place: usize, each: usize, units: i64| {
                sums[from * each + place] = sums[from * each + place].wrapping_sub(units);
                sums[empty * each + place] = sums[empty * each + place].wrapping_add(units);
            };
            if let Some(range) = weights {
                transfer(to.counts, 0, 1, 1);
                let format = TermFormat {
                    n: total,
                    count: of_weights,
                    weights: None,
                    alone: false,
                };
                let limb = Limbs::fill(format, 0..1, |_| range, &mut magic);
                limb.split(point.weight, None, |l, units| {
                    transfer(to.weights, l, of_weights, units);
                });
            }
            let weight = weights.map(|_| point.weight);
            let format = TermFormat {
                n: total,
                count: limbs,
                weights,
                alone: false,
            };
            for (i, x) in point.coordinates().enumerate() {
                let range = stream.coded(i)?.terms;
                let limb = Limbs::fill(format, 0..1, |_| range, &mut magic);
                limb.split(x, weight, |l, units| {
                    transfer(to.coordinates, l * d + i, limbs * d, units);
                });
            }
        }
        Ok(())
    }
}
