//! The library as it ships: what `make` has built, loaded and called through its C API. The environment holds a whole library to an
//! instruction set, so each has a copy of its own.

use crate::contenders::instruction_sets;
use crate::data::Work;
use crate::native::{self, Library};
use centra::capi::{centra_options, centra_report};
use centra::Isa;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::{c_char, c_void, CStr};
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The folder of the library, which `make bench` names. Without it the library is that of the package that tests/native links, which
/// cargo makes beside this program, not optimised at link time.
const FOLDER: &str = "CENTRA_LIBRARY";

type Size = unsafe extern "C" fn(usize, usize, usize, *const centra_options, *mut usize) -> i32;
type Fit<C> = unsafe extern "C" fn(
    *const C,
    usize,
    usize,
    usize,
    usize,
    *const centra_options,
    *mut f64,
    *mut i32,
    *mut centra_report,
    *mut c_void,
    usize,
) -> i32;
type Seed = unsafe extern "C" fn(
    *const f64,
    usize,
    usize,
    usize,
    usize,
    *const centra_options,
    *mut f64,
    *mut c_void,
    usize,
) -> i32;

/// The library, held to an instruction set.
pub struct Shipped {
    options: unsafe extern "C" fn(*mut centra_options, usize),
    report: unsafe extern "C" fn(*mut centra_report, usize),
    detail: unsafe extern "C" fn() -> *const c_char,
    sizes: [Size; 2],
    fit: Fit<f64>,
    fit_f32: Fit<f32>,
    seed: Seed,
}

/// A type of coordinates.
pub trait Coordinate: Sized {
    fn call(shipped: &Shipped) -> Fit<Self>;
}

impl Coordinate for f64 {
    fn call(shipped: &Shipped) -> Fit<f64> {
        shipped.fit
    }
}

impl Coordinate for f32 {
    fn call(shipped: &Shipped) -> Fit<f32> {
        shipped.fit_f32
    }
}

/// The folder of the library, and whether it is what ships.
fn folder() -> (PathBuf, bool) {
    match std::env::var_os(FOLDER) {
        Some(folder) if !folder.is_empty() => (folder.into(), true),
        _ => {
            let program = std::env::current_exe().expect("this program has a path");
            (program.parent().expect("it is in a folder").into(), false)
        }
    }
}

/// What is measured, in words.
pub fn about() -> &'static str {
    match folder() {
        (_, true) => "the shared library of `make`",
        (_, false) => "the shared library of `cargo bench`, which is not what ships",
    }
}

/// The library for each instruction set of the processor; the first call loads them, and has to be made before there are threads.
fn all() -> &'static [(Isa, Shipped)] {
    static ALL: OnceLock<Vec<(Isa, Shipped)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let sets = instruction_sets().into_iter();
        let load = |isa| Shipped::load(isa).unwrap_or_else(|error| panic!("{error}"));
        sets.map(|(isa, _)| (isa, load(isa))).collect()
    })
}

/// The library for an instruction set, or for the widest below it.
pub fn library(isa: Isa) -> &'static Shipped {
    let has = all().iter().rfind(|(set, _)| *set <= isa);
    &has.expect("portable is always there").1
}

impl Shipped {
    fn load(isa: Isa) -> Result<Shipped, String> {
        const VARIABLE: &str = "CENTRA_ISA";
        let (folder, ships) = folder();
        let stem = if ships { "centra" } else { "centra_c" };
        let file = folder.join(format!("{DLL_PREFIX}{stem}{DLL_SUFFIX}"));
        let name = format!("{isa:?}").to_lowercase();
        // The loader takes a file that it has loaded for the same library.
        let copy = format!(
            "{}/centra-{name}-{}{DLL_SUFFIX}",
            env!("CARGO_TARGET_TMPDIR"),
            std::process::id()
        );
        std::fs::copy(&file, &copy)
            .map_err(|error| format!("no library to measure ({error}): make"))?;
        let library = native::load(&copy);
        std::fs::remove_file(&copy).map_err(|error| error.to_string())?;
        let library = library?;
        type Isa = unsafe extern "C" fn() -> *const c_char;
        let before = std::env::var_os(VARIABLE);
        std::env::set_var(VARIABLE, &name);
        // SAFETY: the header gives the function this signature; its text is static.
        let used = unsafe { CStr::from_ptr(library.function::<Isa>(c"centra_isa")()) };
        match before {
            Some(value) => std::env::set_var(VARIABLE, value),
            None => std::env::remove_var(VARIABLE),
        }
        if used.to_bytes() != name.as_bytes() {
            return Err(format!("the library uses {used:?}, not {name}"));
        }
        Ok(Shipped::of(&library))
    }

    fn of(library: &Library) -> Shipped {
        // SAFETY: the library is centra, of this tree, whose header gives the functions these signatures.
        unsafe {
            Shipped {
                options: library.function(c"centra_options_init_sized"),
                report: library.function(c"centra_report_init_sized"),
                detail: library.function(c"centra_error_detail"),
                sizes: [
                    library.function(c"centra_workspace_size"),
                    library.function(c"centra_workspace_size_f32"),
                ],
                fit: library.function(c"centra_fit"),
                fit_f32: library.function(c"centra_fit_f32"),
                seed: library.function(c"centra_seed"),
            }
        }
    }

    /// The defaults.
    pub fn options(&self) -> centra_options {
        let mut options = MaybeUninit::uninit();
        // SAFETY: the call writes all of the struct, which is this tree's.
        unsafe {
            (self.options)(options.as_mut_ptr(), size_of::<centra_options>());
            options.assume_init()
        }
    }

    fn checked(&self, status: i32) -> Result<(), String> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the text stays valid until this thread's next refusal.
        let text = unsafe { CStr::from_ptr((self.detail)()) };
        Err(format!("status {status}: {}", text.to_string_lossy()))
    }

    /// Bytes of workspace that suffice for points of either type.
    pub fn workspace_size(&self, work: &Work, options: &centra_options) -> Result<usize, String> {
        let mut most = 0;
        for size in self.sizes {
            let mut bytes = 0;
            // SAFETY: both pointers are to what they say.
            let status = unsafe { size(work.n, work.d, work.k, options, &mut bytes) };
            self.checked(status)?;
            most = most.max(bytes);
        }
        Ok(most)
    }

    /// A fit of points of the work's shape; the iterations that it did.
    pub fn fit<C: Coordinate>(
        &self,
        points: &[C],
        work: &Work,
        options: &centra_options,
        centers: &mut [f64],
        labels: &mut [i32],
        workspace: &mut [u128],
    ) -> Result<i64, String> {
        let Work { n, d, k, .. } = *work;
        assert_eq!(
            (points.len(), centers.len(), labels.len()),
            (n * d, k * d, n)
        );
        let mut report = MaybeUninit::uninit();
        // SAFETY: the lengths are what the call reads and writes, the options are initialised and have no pointers, and the report
        // is initialised by the first call.
        let (status, report) = unsafe {
            (self.report)(report.as_mut_ptr(), size_of::<centra_report>());
            let status = C::call(self)(
                points.as_ptr(),
                n,
                d,
                d,
                k,
                options,
                centers.as_mut_ptr(),
                labels.as_mut_ptr(),
                report.as_mut_ptr(),
                workspace.as_mut_ptr().cast(),
                size_of_val(workspace),
            );
            (status, report.assume_init())
        };
        self.checked(status).map(|()| report.iterations)
    }

    /// Draws starting centers.
    pub fn seed(
        &self,
        work: &Work,
        options: &centra_options,
        centers: &mut [f64],
        workspace: &mut [u128],
    ) -> Result<(), String> {
        let Work { n, d, k, .. } = *work;
        assert_eq!((work.points.len(), centers.len()), (n * d, k * d));
        // SAFETY: the lengths are what the call reads and writes, and the options are initialised and have no pointers.
        let status = unsafe {
            (self.seed)(
                work.points.as_ptr(),
                n,
                d,
                d,
                k,
                options,
                centers.as_mut_ptr(),
                workspace.as_mut_ptr().cast(),
                size_of_val(workspace),
            )
        };
        self.checked(status)
    }
}
