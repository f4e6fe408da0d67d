//! The calls on sparse rows: those on doubles, of which most are 0.

use core::ffi::c_void;

use super::arguments::{distance_rows, memory, Argument};
use super::boundary::boundary;
use super::checks::{Access, Context, Elements, Entry, Kind, List, Sizes, Sound};
use super::types::*;
use super::whole::{
    assign, clusters, distances, fit, seed, sum_of_squares, update, workspace_size,
};
use crate::points::{CoordinateType, Form, Index, Layout, Points};
use crate::runtime::error::{refuse, Error};

/// centra_workspace_size for the calls that end in _csr: the bounds named there hold, and nothing is added for
/// quantized points or for a sketch. Neither the stored coordinates nor n d count.
///
/// @param n, d, k, options, bytes  as for centra_workspace_size.
/// @return What centra_workspace_size returns.
///
/// # Safety
/// As for centra_workspace_size.
#[no_mangle]
pub unsafe extern "C" fn centra_workspace_size_csr(
    n: usize,
    d: usize,
    k: usize,
    options: *const centra_options,
    bytes: *mut usize,
) -> i32 {
    let form = |_| Form::of(Layout::Csr, CoordinateType::F64);
    // SAFETY: the contract.
    unsafe { workspace_size(n, d, k, form, options, bytes) }
}

/// centra_fit for points in compressed sparse rows, as SciPy, MKL and cuSPARSE have them, with indices that count from
/// 0. All results are those of centra_fit on the same points as rows of doubles, bit for bit, and so are those of
/// every other call that ends in _csr; no memory of order n d is used. A pass over the points takes a time that grows
/// with the stored coordinates times k, but to sum the inertia, and to measure distances, one that grows with n d.
///
/// @param points  see centra_csr; read only. The option layout is not used. Messages name values, columns and starts;
///     of a column the row and the place in it, of a start its index, of a coordinate its row and dimension.
/// @param k, options, centers, labels, report  as for centra_fit.
/// @param workspace, workspace_bytes  as for centra_fit, with the bytes of centra_workspace_size_csr.
/// @return What centra_fit returns. CENTRA_ERR_OPTION, too, if struct_size, value_type or index_bytes of points has no
///     value that is named there, and CENTRA_ERR_SHAPE if starts or columns are not as described.
///
/// # Safety
/// As for centra_fit.
#[no_mangle]
pub unsafe extern "C" fn centra_fit_csr(
    points: *const centra_csr,
    k: usize,
    options: *const centra_options,
    centers: *mut f64,
    labels: *mut i32,
    report: *mut centra_report,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let memory = memory(workspace, workspace_bytes);
        open(
            points,
            |n, d| Sizes::Fit { n, d, k },
            |sizes, points| fit(sizes, points, options, centers, labels, report, memory),
        )
    }
}

/// centra_assign for points in compressed sparse rows: see centra_fit_csr.
///
/// @param points  see centra_csr; read only.
/// @param k, options, centers, labels, sqdist, workspace, workspace_bytes  as for centra_assign.
/// @return What centra_assign returns. See centra_fit_csr for points.
///
/// # Safety
/// As for centra_assign.
#[no_mangle]
pub unsafe extern "C" fn centra_assign_csr(
    points: *const centra_csr,
    k: usize,
    options: *const centra_options,
    centers: *const f64,
    labels: *mut i32,
    sqdist: *mut f64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let memory = memory(workspace, workspace_bytes);
        open(
            points,
            |n, d| Sizes::Points { n, d, k },
            |sizes, points| assign(sizes, points, options, centers, labels, sqdist, memory),
        )
    }
}

/// centra_update for points in compressed sparse rows: see centra_fit_csr.
///
/// @param points  see centra_csr; read only.
/// @param k, options, labels, centers, counts, workspace, workspace_bytes  as for centra_update.
/// @return What centra_update returns. See centra_fit_csr for points.
///
/// # Safety
/// As for centra_update.
#[no_mangle]
pub unsafe extern "C" fn centra_update_csr(
    points: *const centra_csr,
    k: usize,
    options: *const centra_options,
    labels: *const i32,
    centers: *mut f64,
    counts: *mut i64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let memory = memory(workspace, workspace_bytes);
        open(
            points,
            |n, d| Sizes::Points { n, d, k },
            |sizes, points| update(sizes, points, options, labels, centers, counts, memory),
        )
    }
}

/// centra_seed for points in compressed sparse rows: see centra_fit_csr.
///
/// @param points  see centra_csr; read only.
/// @param k, options, centers, workspace, workspace_bytes  as for centra_seed.
/// @return What centra_seed returns. See centra_fit_csr for points.
///
/// # Safety
/// As for centra_seed.
#[no_mangle]
pub unsafe extern "C" fn centra_seed_csr(
    points: *const centra_csr,
    k: usize,
    options: *const centra_options,
    centers: *mut f64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let memory = memory(workspace, workspace_bytes);
        open(
            points,
            |n, d| Sizes::Fit { n, d, k },
            |sizes, points| seed(sizes, points, options, centers, memory),
        )
    }
}

/// centra_inertia for points in compressed sparse rows: see centra_fit_csr.
///
/// @param points  see centra_csr; read only.
/// @param k, options, centers, labels, inertia  as for centra_inertia.
/// @return What centra_inertia returns. See centra_fit_csr for points.
///
/// # Safety
/// As for centra_inertia.
#[no_mangle]
pub unsafe extern "C" fn centra_inertia_csr(
    points: *const centra_csr,
    k: usize,
    options: *const centra_options,
    centers: *const f64,
    labels: *const i32,
    inertia: *mut f64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        open(
            points,
            |n, d| Sizes::Points { n, d, k },
            |sizes, points| sum_of_squares(sizes, points, options, centers, labels, inertia),
        )
    }
}

/// centra_distances for points in compressed sparse rows: see centra_fit_csr.
///
/// @param points  see centra_csr; read only.
/// @param k, options, centers, sqdist, ld_out  as for centra_distances.
/// @return What centra_distances returns. See centra_fit_csr for points.
///
/// # Safety
/// As for centra_distances.
#[no_mangle]
pub unsafe extern "C" fn centra_distances_csr(
    points: *const centra_csr,
    k: usize,
    options: *const centra_options,
    centers: *const f64,
    sqdist: *mut f64,
    ld_out: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let sqdist = distance_rows(sqdist, ld_out);
        open(
            points,
            |n, d| Sizes::Points { n, d, k },
            |sizes, points| distances(sizes, points, options, centers, sqdist),
        )
    }
}

/// centra_clusters for points in compressed sparse rows: see centra_fit_csr.
///
/// @param points  see centra_csr; read only.
/// @param k, options, centers, labels, counts, weights, inertia  as for centra_clusters.
/// @return What centra_clusters returns. See centra_fit_csr for points.
///
/// # Safety
/// As for centra_clusters.
#[no_mangle]
pub unsafe extern "C" fn centra_clusters_csr(
    points: *const centra_csr,
    k: usize,
    options: *const centra_options,
    centers: *const f64,
    labels: *const i32,
    counts: *mut i64,
    weights: *mut f64,
    inertia: *mut f64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        open(
            points,
            |n, d| Sizes::Points { n, d, k },
            |sizes, points| {
                clusters(
                    sizes, points, options, centers, labels, counts, weights, inertia,
                )
            },
        )
    }
}

/// Sparse rows, as an argument: the struct, and the arrays that it names.
struct Rows {
    csr: centra_csr,
    coordinates: CoordinateType,
    entries: [Entry; 4],
}

/// Reads the struct, and calls `work` with the sizes that it has, of the kind that the call wants, and the argument;
/// returns the status of that, or of a refusal.
///
/// # Safety
/// As for the calls of this folder.
unsafe fn open(
    points: *const centra_csr,
    sizes: impl FnOnce(usize, usize) -> Sizes,
    work: impl FnOnce(Sizes, Rows) -> i32,
) -> i32 {
    let mut opened = None;
    let status = boundary(|_| {
        // SAFETY: the contract.
        opened = Some(unsafe { read(points, sizes)? });
        Ok(CENTRA_OK)
    });
    match opened {
        Some((sizes, rows)) => work(sizes, rows),
        None => status,
    }
}

/// What the struct says, and how many coordinates are stored: the last start. Causes are refused in the order of
/// [`checks`](super::checks): the struct, the sizes, the starts.
///
/// # Safety
/// As for [`open`].
unsafe fn read(
    points: *const centra_csr,
    sizes: impl FnOnce(usize, usize) -> Sizes,
) -> Result<(Sizes, Rows), Error> {
    const KNOWN: usize = size_of::<centra_csr>();
    if points.is_null() {
        return refuse!(Null, "points: null");
    }
    if !points.is_aligned() {
        return refuse!(
            Null,
            "points: not aligned to {} bytes",
            align_of::<centra_csr>()
        );
    }
    // SAFETY: the contract: the size is the first member of every version.
    let struct_size = unsafe { points.cast::<usize>().read() };
    if struct_size != KNOWN {
        return refuse!(
            Option,
            "points: struct_size is {struct_size}, and this library knows {KNOWN}"
        );
    }
    // SAFETY: it is that struct.
    let csr = unsafe { points.read() };
    let coordinates = match csr.value_type {
        CENTRA_F64 => CoordinateType::F64,
        CENTRA_F32 => CoordinateType::F32,
        CENTRA_U8 => CoordinateType::U8,
        other => {
            return refuse!(
                Option,
                "points: value_type: {other} is not a type of values"
            )
        }
    };
    if !matches!(csr.index_bytes, 4 | 8) {
        return refuse!(
            Option,
            "points: index_bytes: {} is neither 4 nor 8",
            csr.index_bytes
        );
    }
    let sizes = sizes(csr.n, csr.d);
    let Sound { n, d, .. } = sizes.check()?;
    let narrow = csr.index_bytes == 4;
    let (starts, alignment) = (csr.starts, csr.index_bytes as usize);
    let last = match (
        starts.is_null(),
        (starts as usize).is_multiple_of(alignment),
    ) {
        (true, _) if n > 0 => return refuse!(Null, "starts: null"),
        (true, _) => 0,
        (false, false) => return refuse!(Null, "starts: not aligned to {alignment} bytes"),
        // SAFETY: the contract: there are n + 1 starts.
        (false, true) if narrow => i64::from(unsafe { starts.cast::<i32>().add(n).read() }),
        // SAFETY: as above.
        (false, true) => unsafe { starts.cast::<i64>().add(n).read() },
    };
    // It does not overflow: the sizes have passed.
    let most = n * d;
    if i128::from(last) > most as i128 {
        return refuse!(
            Shape,
            "starts: {last} at index {n} is more than n * d = {most}"
        );
    }
    // A number that is negative is refused with the other starts.
    let stored = Elements::Listed(usize::try_from(last).unwrap_or(0));
    let starts_of = Elements::Listed(if starts.is_null() { 0 } else { n + 1 });
    let array = |name, at: *const c_void, bytes, of| match bytes {
        1 => Entry::new(name, at.cast::<u8>(), Access::Read, Kind::Array(of)),
        4 => Entry::new(name, at.cast::<u32>(), Access::Read, Kind::Array(of)),
        _ => Entry::new(name, at.cast::<u64>(), Access::Read, Kind::Array(of)),
    };
    let one = Kind::Array(Elements::One);
    let entries = [
        Entry::new("points", points, Access::Read, one),
        array("values", csr.values, coordinates.bytes(), stored),
        array("columns", csr.columns, alignment, stored),
        array("starts", csr.starts, alignment, starts_of),
    ];
    Ok((
        sizes,
        Rows {
            csr,
            coordinates,
            entries,
        },
    ))
}

impl<'a> Argument<'a> for Rows {
    type View = Points<'a>;
    const ENTRIES: usize = 4;

    fn list<'e>(&'e mut self, list: &mut List<'e>) {
        self.entries.iter_mut().for_each(|entry| list.add(entry));
    }

    unsafe fn view(&self, context: &Context<'a>) -> Result<Points<'a>, Error> {
        // SAFETY: sizes, null and alignment were checked; the memory is the contract.
        unsafe {
            match self.csr.index_bytes {
                4 => self.points::<i32>(context, &[0]),
                _ => self.points::<i64>(context, &[0]),
            }
        }
    }
}

impl Rows {
    /// The points, whose indices are of type `J`. Starts may be null, and are `none` then.
    ///
    /// # Safety
    /// As for [`Argument::view`]; columns and starts are of that type.
    unsafe fn points<'a, J: Index>(
        &self,
        context: &Context<'a>,
        none: &'static [J],
    ) -> Result<Points<'a>, Error> {
        let (n, d) = (context.sizes.n, context.sizes.d);
        let form = Form::of(Layout::Csr, self.coordinates);
        let (values, columns) = (self.csr.values.cast::<u8>(), self.csr.columns.cast::<J>());
        // SAFETY: the contract.
        unsafe {
            let starts = match self.csr.starts.is_null() {
                true => none,
                false => core::slice::from_raw_parts(self.csr.starts.cast::<J>(), n + 1),
            };
            Points::csr_from_raw(values, columns, starts, d, form)
        }
    }
}
