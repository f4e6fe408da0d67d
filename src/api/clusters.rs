//! The call that counts and sums the points of each cluster.

use super::memory::{with_memory, Memory};
use super::{check_labels, check_length, check_values, check_weights, count_centers};
use crate::call::{Options, Shape};
use crate::exact::clusters::{ClusterResults, ClusterSums, Wanted};
use crate::exact::observed::storage;
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};

/// The memory of the call, which it allocates.
struct ClustersMemory {
    wanted: Wanted,
}

struct ClustersParts<'w> {
    sums: PerThread<ClusterSums<'w>>,
    /// Storage of the range check.
    observed: PerThread<&'w mut [f64]>,
}

impl Memory for ClustersMemory {
    type Parts<'w> = ClustersParts<'w>;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> ClustersParts<'w> {
        ClustersParts {
            sums: PerThread::new(threads, || ClusterSums::cut(from, shape.k, self.wanted)),
            observed: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

/// For each cluster the number of its points, the exact sum of their weights, and that of D between them and its center, times their
/// weights; sums are rounded once. Labels count from `base`.
pub(crate) fn clusters(
    points: &Points<'_>,
    centers: &[f64],
    labels: &[i32],
    options: &Options<'_>,
    base: i32,
    results: ClusterResults<'_>,
) -> Result<(), Error> {
    let k = count_centers(points, centers)?;
    options.check()?;
    check_weights(points, options)?;
    check_length("labels", labels.len(), points.n(), "n")?;
    if let Some(counts) = &results.counts {
        check_length("counts", counts.len(), k, "k")?;
    }
    if let Some(weights) = &results.weights {
        check_length("weights", weights.len(), k, "k")?;
    }
    if let Some(inertia) = &results.inertia {
        check_length("inertia", inertia.len(), k, "k")?;
    }
    let (n, d, form) = (points.n(), points.d(), points.form());
    let shape = Shape::of_update(n, d, k, form, options.threads);
    let memory = ClustersMemory {
        wanted: Wanted {
            weights: results.weights.is_some() && options.weights.is_some(),
            inertia: results.inertia.is_some(),
        },
    };
    with_memory(
        points,
        options.weights,
        options,
        &shape,
        &memory,
        Workspace::Allocate,
        |job, parts| {
            let ClustersParts {
                mut sums,
                mut observed,
            } = parts;
            check_values(job, &mut observed, centers)?;
            check_labels(labels, k, base)?;
            crate::exact::clusters::clusters(job, &mut sums, centers, labels, base, results);
            Ok(())
        },
    )
}
