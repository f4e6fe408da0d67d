//! Constants and structs of the C API.

use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{null, null_mut};

use super::structs::members;
use crate::call::{Progress, Report};
use crate::stream::State;

/// @enum centra_status What a call returns, as an int32_t: 0 is success; a positive status comes with valid outputs, a
///     negative one with every output untouched.
/// Success: the outputs are written.
pub const CENTRA_OK: i32 = 0;
/// The progress callback stopped the fit; the outputs are written and consistent with one another.
pub const CENTRA_CANCELLED: i32 = 1;
/// A required pointer is null or not aligned for its type.
pub const CENTRA_ERR_NULL: i32 = -1;
/// A size is zero, too large or inconsistent: d or k is zero, k > n where centers are computed from points alone
/// (centra_fit, centra_seed), k > 2^31 - 1, n > 2^40, ld is too small, or an array does not fit the address space.
pub const CENTRA_ERR_SHAPE: i32 = -2;
/// A NaN or an infinity in points, weights or given centers.
pub const CENTRA_ERR_NONFINITE: i32 = -3;
/// Magnitudes so large that squared distances or weighted sums could reach 2^1020 (the largest magnitude and the
/// largest weight are rounded up to their upper 32 bits for this test); or, where distances are computed,
/// coordinates that are not all equal but differ so little, by less than about 2^-537, that the squared distance
/// between any two points or centers underflows to 0. (A fit and a seeding test the points also without the
/// centers.)
pub const CENTRA_ERR_RANGE: i32 = -4;
/// A weight is negative, or none is positive.
pub const CENTRA_ERR_WEIGHTS: i32 = -5;
/// The workspace is too small or not aligned to 16 bytes.
pub const CENTRA_ERR_WORKSPACE: i32 = -6;
/// An option has an invalid value, or a struct_size is unknown to this library. Every call checks all options, also
/// those that it does not use.
pub const CENTRA_ERR_OPTION: i32 = -7;
/// An output overlaps another argument.
pub const CENTRA_ERR_ALIAS: i32 = -8;
/// A cluster became empty under CENTRA_EMPTY_ERROR.
pub const CENTRA_ERR_EMPTY: i32 = -9;
/// A label is less than label_base or greater than label_base + k - 1.
pub const CENTRA_ERR_LABEL: i32 = -10;
/// Memory could not be allocated: usually the workspace, where the caller gave none.
pub const CENTRA_ERR_MEMORY: i32 = -11;
/// A defect of this library was detected.
pub const CENTRA_ERR_INTERNAL: i32 = -12;

/// @enum centra_init Values of the option init: where a fit starts.
/// Start from greedy k-means++ with 2 + floor(ln k) candidates a step (the default).
pub const CENTRA_INIT_KMEANSPP: i32 = 0;
/// Start from k distinct rows, drawn uniformly.
pub const CENTRA_INIT_RANDOM: i32 = 1;
/// Start from the centers that the array centers holds on entry.
pub const CENTRA_INIT_GIVEN: i32 = 2;
/// Start from k-means|| (Bahmani et al. 2012): at least five rounds of about 2 k candidates each (at most 3 k +
/// 32), and greedy k-means++ among these, each weighted by the points nearest to it. Use it when k is so large that
/// k passes over the points take too long. The workspace grows by up to 15 k + 160 rows of d doubles, and by 24
/// bytes a point.
pub const CENTRA_INIT_PARALLEL: i32 = 3;

/// @enum centra_empty Values of the option empty: what becomes of a cluster without a member of positive weight.
/// An empty cluster takes the point farthest from its own center (the default).
pub const CENTRA_EMPTY_RELOCATE: i32 = 0;
/// An empty cluster keeps its center.
pub const CENTRA_EMPTY_KEEP: i32 = 1;
/// An empty cluster is an error.
pub const CENTRA_EMPTY_ERROR: i32 = 2;

/// @enum centra_layout Values of the option layout: how points lie in memory.
/// Point p is d contiguous doubles at points + p * ld (the default; Fortran's points(d, n)).
pub const CENTRA_ROWS: i32 = 0;
/// Dimension i is n contiguous doubles at points + i * ld.
pub const CENTRA_COLUMNS: i32 = 1;

/// @enum centra_value_type The type of the values of sparse rows.
/// Values of sparse rows are doubles.
pub const CENTRA_F64: i32 = 0;
/// Values of sparse rows are floats (IEEE binary32).
pub const CENTRA_F32: i32 = 1;
/// Values of sparse rows are unsigned bytes.
pub const CENTRA_U8: i32 = 2;

/// @enum centra_algorithm Values of the option algorithm: how a fit avoids work. Results do not depend on it.
/// Bounds on distances are used where they save time (the default).
pub const CENTRA_ALGORITHM_AUTO: i32 = 0;
/// Every iteration compares every point with the centers; the least memory.
pub const CENTRA_ALGORITHM_LLOYD: i32 = 1;
/// From the second iteration on, only points whose bound does not prove their label are compared with the centers.
pub const CENTRA_ALGORITHM_HAMERLY: i32 = 2;

/// @enum centra_stopped_by Values of the member stopped_by of reports and states: why a fit ended.
/// No label changed.
pub const CENTRA_CONVERGED: i32 = 0;
/// The centers moved by no more than tol.
pub const CENTRA_TOLERANCE: i32 = 1;
/// max_iter iterations were done.
pub const CENTRA_MAX_ITER: i32 = 2;
/// The progress callback asked for it.
pub const CENTRA_STOPPED: i32 = 3;

/// @enum centra_stream_constants Flags and sizes of streams.
/// Flag of centra_stream_sums: add the inertia.
pub const CENTRA_STREAM_INERTIA: i32 = 1;
/// Flag of centra_stream_sums: count the labels that change.
pub const CENTRA_STREAM_MOVED: i32 = 2;
/// Elements of the masses that centra_stream_masses sums.
pub const CENTRA_STREAM_MASS_DIGITS: usize = 69;

members! {
/// What a progress callback receives after every iteration of every restart.
#[repr(C)]
#[made_from(progress: &Progress)]
pub struct centra_progress {
    /// Size of this struct; members that a later version adds come after these.
    #[value(size_of::<Self>())]
    pub struct_size: usize,
    /// Restart, from 0.
    #[value(progress.restart)]
    pub restart: i64,
    /// Iteration, from 1.
    #[value(progress.iteration)]
    pub iteration: i64,
    /// Labels that changed in this iteration.
    #[value(progress.moved)]
    pub moved: i64,
    /// Sum over the centers of the squared distance between the new and the previous center.
    #[value(progress.shift)]
    pub shift: f64,
}
} // members

/// A progress callback. It is called on the calling thread, in the caller's floating-point environment, after every
/// iteration. A return value other than 0 stops the fit there. `user` is the option progress_data. The callback must
/// return normally: no longjmp, no exception.
pub type centra_progress_fn =
    Option<unsafe extern "C" fn(progress: *const centra_progress, user: *mut c_void) -> i32>;

/// A task of a pass: run it with the context that came with it, and an index below the count.
pub type centra_task_fn = Option<unsafe extern "C" fn(context: *mut c_void, index: usize)>;

/// Threads of the caller, in place of threads that a call starts (OpenMP, a pool of a server or of another language).
/// The function calls task(context, i) for every i in 0 .. count - 1, in any order, on whichever threads it likes, side
/// by side or not, and returns when all are done; what it leaves out is run on the calling thread. It is called on the
/// calling thread, in the caller's floating-point environment, several times in each iteration. `user` is the option
/// parallel_data. It must return normally: no longjmp, no exception; a task throws none.
pub type centra_parallel_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        count: usize,
        task: centra_task_fn,
        context: *mut c_void,
    ),
>;

/// One of the problems of centra_fit_many. Initialise it by CENTRA_PROBLEM_DEFAULT, or set all of it to zero and
/// struct_size to sizeof(centra_problem), before the other members. These are what the arguments of the same names are
/// to centra_fit.
#[repr(C)]
pub struct centra_problem {
    /// Size of this struct.
    pub struct_size: usize,
    /// n points of d doubles, ld apart in the layout of the options; read only. Problems may share them.
    pub points: *const f64,
    /// Points.
    pub n: usize,
    /// Dimensions.
    pub d: usize,
    /// Doubles between rows, or columns.
    pub ld: usize,
    /// Centers, 1 <= k <= n.
    pub k: usize,
    /// n weights, or NULL; in place of the option.
    pub weights: *const f64,
    /// Seed of the random draws; in place of the option.
    pub seed: u64,
    /// k rows of d, written; with CENTRA_INIT_GIVEN also read.
    pub centers: *mut f64,
    /// n labels, written; or NULL.
    pub labels: *mut i32,
    /// Initialised by centra_report_init; written; or NULL.
    pub report: *mut centra_report,
    /// Written: CENTRA_OK, CENTRA_CANCELLED, or why this problem was refused, with all its other outputs untouched.
    pub status: i32,
}

/// Points in compressed sparse rows (CSR): of each row some coordinates are stored, and all others are +0.0. Zeros may
/// be stored. Set all of it to zero, and struct_size to sizeof(centra_csr), before the other members. Calls on chunks
/// and on many problems have no such form: their points are dense.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct centra_csr {
    /// Size of this struct.
    pub struct_size: usize,
    /// Points.
    pub n: usize,
    /// Dimensions. As elsewhere, n d doubles have to fit the address space, though there is never an array of them.
    pub d: usize,
    /// The stored coordinates, row after row; finite. May be NULL if there are none.
    pub values: *const c_void,
    /// The dimension of each stored coordinate, 0 to d - 1; within a row they ascend, each once. May be NULL if there
    /// are none.
    pub columns: *const c_void,
    /// n + 1 numbers, the first of which is 0, and which do not descend: row p has the coordinates from starts[p] to
    /// starts[p + 1], exclusive. May be NULL if n is 0.
    pub starts: *const c_void,
    /// CENTRA_F64, CENTRA_F32 or CENTRA_U8: the type of the values, aligned as such.
    pub value_type: i32,
    /// 4 or 8: columns and starts are int32_t or int64_t.
    pub index_bytes: i32,
}

/// What centra_watch_progress shares with another thread. Set all of it to zero before the call.
#[repr(C)]
pub struct centra_watch {
    /// Written by the other thread, or by a signal handler: other than 0 to stop the fit after the running iteration.
    pub stop: i32,
    /// Written by the fit, like the members below: the last restart that finished an iteration.
    pub restart: i64,
    /// Its last iteration; 0 before the first one.
    pub iteration: i64,
    /// Labels that changed in that iteration.
    pub moved: i64,
    /// Sum over the centers of the squared distance between the new and the previous center in that iteration.
    pub shift: f64,
}

members! {
/// Options of a call. Initialise the struct by CENTRA_OPTIONS_DEFAULT or centra_options_init, then change members. NULL
/// instead of a pointer to it means the defaults. The description of a call lists the options that it uses; the others
/// must be valid, and have no effect.
#[repr(C)]
#[made_from()]
pub struct centra_options {
    /// Set by centra_options_init or centra_options_init_sized. A smaller (older) size is accepted, and members beyond
    /// it have their defaults; a larger one is refused.
    #[value(size_of::<Self>())]
    pub struct_size: usize,
    /// CENTRA_INIT_KMEANSPP (default), CENTRA_INIT_RANDOM, CENTRA_INIT_GIVEN or CENTRA_INIT_PARALLEL.
    #[value(CENTRA_INIT_KMEANSPP)]
    pub init: i32,
    /// CENTRA_EMPTY_RELOCATE (default), CENTRA_EMPTY_KEEP or CENTRA_EMPTY_ERROR. A cluster is empty when it has no
    /// member of positive weight. RELOCATE: points of positive weight are ranked by the squared distance to the center
    /// that they are labelled with, largest first, ties to the lowest index. Each empty cluster, in ascending index,
    /// takes the next point of this ranking as its only member of positive weight; then the means are computed. The
    /// last such member of a cluster is never taken, nor a point that lies on its center; empty clusters for which no
    /// point is left keep their centers. This is the rule of scikit-learn and oneDAL. A point is taken with all of its
    /// weight: here a point of weight 2 does not act as two points.
    #[value(CENTRA_EMPTY_RELOCATE)]
    pub empty: i32,
    /// CENTRA_ROWS (default) or CENTRA_COLUMNS: the layout of points. Centers are always k contiguous rows of d.
    #[value(CENTRA_ROWS)]
    pub layout: i32,
    /// The first label: 0 (default) or 1.
    #[value(0)]
    pub label_base: i32,
    /// 1 (default): only the calling thread, and no allocation if a workspace is given; 0: all cores this process may
    /// use; N: at most N threads. Fewer are used where the work is too small for them. Results do not depend on it.
    /// Threads end before the call returns; see also parallel.
    #[value(1)]
    pub threads: i32,
    /// Number of restarts, at least 1 (default). The one with the least inertia is returned, ties to the earliest.
    #[value(1)]
    pub n_init: i32,
    /// The most iterations of a restart; default 300. 0 labels the points by the starting centers and stops.
    #[value(300)]
    pub max_iter: i64,
    /// Stop when the squared shifts of the centers sum to no more than this. 0 (default): stop only when no label
    /// changes. Finite, not negative.
    #[value(0.0)]
    pub tol: f64,
    /// Seed of the random draws; default 0. Draws depend only on it, the points, the weights and k.
    #[value(0)]
    pub seed: u64,
    /// n weights, finite and not negative, not all zero; or NULL (default): all weights are 1.
    #[value(null())]
    pub weights: *const f64,
    /// Called after every iteration, or NULL (default).
    #[value(None)]
    pub progress: centra_progress_fn,
    /// Passed to progress.
    #[value(null_mut())]
    pub progress_data: *mut c_void,
    /// CENTRA_ALGORITHM_AUTO (default), CENTRA_ALGORITHM_LLOYD or CENTRA_ALGORITHM_HAMERLY: how centra_fit avoids work
    /// in later iterations. Results do not depend on it. Bounds (Hamerly 2010) take 4 bytes of workspace a point and 4
    /// a center. Where 32 <= d <= 1024 and k >= 3, later iterations read quantized points, 16 bits a coordinate,
    /// instead of the points; these take 8 ceil(d / 4) + 8 bytes a point. If k >= 192 as well, up to 128 bytes a
    /// point are for bounds to groups of centers (Ding et al. 2015), by which a point is compared with only some of the
    /// centers; they are used where the centers in 16 bits take at most 512 KiB with AVX2, AVX-VNNI and portable code,
    /// and with AVX-512 VNNI from 512 centers on, where they take at most 128 KiB.
    /// CENTRA_ALGORITHM_LLOYD uses none of these, and CENTRA_ALGORITHM_HAMERLY all but the last.
    #[value(CENTRA_ALGORITHM_AUTO)]
    pub algorithm: i32,
    /// Runs tasks on the caller's own threads, or NULL (default): the call starts threads. The option threads is then
    /// the most tasks at a time: 0 as many as there are cores, 1 none, so that the function is not called. Results do
    /// not depend on it.
    #[value(None)]
    pub parallel: centra_parallel_fn,
    /// Passed to parallel.
    #[value(null_mut())]
    pub parallel_data: *mut c_void,
}
} // members

members! {
/// What a fit did. Initialise it by CENTRA_REPORT_DEFAULT or centra_report_init. It is written when the status is not
/// negative.
#[repr(C)]
#[made_from(report: &Report)]
pub struct centra_report {
    /// Set by centra_report_init or centra_report_init_sized. A smaller (older) size is accepted, and nothing beyond it
    /// is written; a larger one is refused.
    #[value(size_of::<Self>())]
    pub struct_size: usize,
    /// Why the returned restart stopped: CENTRA_CONVERGED, CENTRA_TOLERANCE, CENTRA_MAX_ITER or CENTRA_STOPPED.
    #[value(report.stopped_by as i32)]
    pub stopped_by: i32,
    /// Threads used.
    #[value(report.threads as i32)]
    pub threads: i32,
    /// Iterations of the returned restart.
    #[value(report.iterations)]
    pub iterations: i64,
    /// Clusters without a member of positive weight in the returned labels.
    #[value(report.empty_clusters)]
    pub empty_clusters: i64,
    /// Labels that changed in the last iteration of the returned restart.
    #[value(report.moved)]
    pub moved: i64,
    /// The sum of the squared distances to the returned centers times the weights: summed exactly, rounded once.
    #[value(report.inertia)]
    pub inertia: f64,
    /// Pairs of a point and a center that were evaluated, over all restarts and the seeding.
    #[value(report.distances)]
    pub distances: i64,
    /// Points that a cheaper test left open, and whose squared distances were compared, over all restarts.
    #[value(report.rechecked)]
    pub rechecked: i64,
    /// Pairs that bounds excluded without evaluation, over all restarts.
    #[value(report.skipped)]
    pub skipped: i64,
    /// Seconds spent in the range check.
    #[value(report.seconds_scan)]
    pub seconds_scan: f64,
    /// Seconds spent seeding.
    #[value(report.seconds_seed)]
    pub seconds_seed: f64,
    /// Seconds spent finding the nearest centers.
    #[value(report.seconds_assign)]
    pub seconds_assign: f64,
    /// Seconds spent computing centers.
    #[value(report.seconds_update)]
    pub seconds_update: f64,
    /// Bytes of workspace that the call needed.
    #[value(report.workspace_bytes as i64)]
    pub workspace_bytes: i64,
}
} // members

members! {
/// The state of a fit of a stream. Initialise the struct by centra_stream_state_init.
#[repr(C)]
#[made_from(state: &State)]
pub struct centra_stream_state {
    /// Set by centra_stream_state_init.
    #[value(size_of::<Self>())]
    pub struct_size: usize,
    /// 0 while another pass is due; 1 when the centers, and the labels of the last pass, are the result.
    #[value(i32::from(state.done()))]
    pub done: i32,
    /// When done: CENTRA_CONVERGED, CENTRA_TOLERANCE or CENTRA_MAX_ITER.
    #[value(state.stopped_by.map_or(0, |reason| reason as i32))]
    pub stopped_by: i32,
    /// Iterations so far.
    #[value(state.iterations)]
    pub iterations: i64,
    /// Labels that changed in the last pass, if CENTRA_STREAM_MOVED was set for all points; else -1.
    #[value(state.moved)]
    pub moved: i64,
    /// Clusters without a point of positive weight in the last pass.
    #[value(state.empty_clusters)]
    pub empty_clusters: i64,
    /// Sum over the centers of the squared distance between the new and the previous center.
    #[value(state.shift)]
    pub shift: f64,
    /// The inertia of the last pass, if CENTRA_STREAM_INERTIA was set for all points; else NaN.
    #[value(state.inertia)]
    pub inertia: f64,
}
} // members

/// Sizes of the first version of these structs: what centra_options_init and centra_report_init may write, whoever calls them.
pub(super) const FIRST_OPTIONS: usize = offset_of!(centra_options, algorithm);
pub(super) const FIRST_REPORT: usize = offset_of!(centra_report, workspace_bytes);

#[cfg(test)]
mod tests {
    use super::super::structs::Struct;
    use super::*;

    #[test]
    fn first_versions_keep_their_sizes() {
        assert_eq!((FIRST_OPTIONS, FIRST_REPORT), (80, 104));
        let end = centra_options::ENDS.last().copied();
        assert_eq!(end, Some(size_of::<centra_options>()));
        let end = centra_report::ENDS.last().copied();
        assert_eq!(end, Some(size_of::<centra_report>()));
    }
}
