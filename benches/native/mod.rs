//! Native baselines: the sources beside this file, compiled here and now for this machine, and loaded. A user of the library
//! compiles none of it.

use crate::data::Work;
use std::ffi::{c_char, c_void, CStr, CString};
use std::process::Command;

/// A baseline in memory; it stays there until the process ends.
pub struct Library {
    handle: *mut c_void,
    /// The command that made it, without its files.
    pub how: String,
}

/// The compiler that `variable` in the environment names, or the usual one.
pub fn compiler(variable: &str, usual: &str) -> String {
    std::env::var(variable).unwrap_or(usual.into())
}

/// Compiles `sources` by `compiler` and loads the result; `libraries` is what it needs besides, in the linker's words.
pub fn build(compiler: &str, sources: &[&str], libraries: &[&str]) -> Result<Library, String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/native/");
    // Of a name that no other has: the loader takes what has the name of something loaded for the same.
    let library = format!(
        "{}/{}-{}.so",
        env!("CARGO_TARGET_TMPDIR"),
        sources[0],
        std::process::id()
    );
    let files = sources.iter().map(|source| format!("{folder}{source}"));
    let files: Vec<String> = files.collect();
    let mut complaint = String::new();
    // GCC uses half of a 512-bit vector on some processors unless told; other targets do not know the flag.
    for flags in [
        &["-O3", "-march=native", "-mprefer-vector-width=512"][..],
        &["-O3", "-march=native"],
    ] {
        let output = Command::new(compiler)
            .args(flags)
            .args(["-shared", "-fPIC", "-o", &library])
            .args(&files)
            .args(libraries)
            .current_dir(env!("CARGO_TARGET_TMPDIR")) // where a Fortran compiler leaves its modules
            .output()
            .map_err(|error| format!("`{compiler}` does not run ({error})"))?;
        if output.status.success() {
            let loaded = open(&library);
            // Loaded code needs its file no longer.
            std::fs::remove_file(&library).map_err(|error| error.to_string())?;
            return Ok(Library {
                handle: loaded?,
                how: format!("{compiler} {}", flags.join(" ")),
            });
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let first = text.lines().find(|line| line.contains("rror"));
        let line = first.or(text.lines().next()).unwrap_or("");
        complaint = line.replace(folder, ""); // results are published, folders are not
    }
    Err(format!("`{compiler}` does not compile it: {complaint}"))
}

/// A shared library that is there already.
#[allow(dead_code)] // of the two benchmarks one does
pub fn load(library: &str) -> Result<Library, String> {
    Ok(Library {
        handle: open(library)?,
        how: String::new(),
    })
}

/// Plain C, the baseline of both benchmarks.
pub fn plain_c() -> Result<Library, String> {
    build(&compiler("CC", "cc"), &["naive.c"], &[])
}

#[cfg(unix)]
extern "C" {
    fn dlopen(path: *const c_char, mode: i32) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

#[cfg(unix)]
fn open(library: &str) -> Result<*mut c_void, String> {
    let path = CString::new(library).map_err(|error| error.to_string())?;
    // RTLD_NOW, which is 2 on every Unix that Rust's standard library knows
    const NOW: i32 = 2;
    // SAFETY: the path ends in a NUL. The library is centra, or was made by `build` from this folder's sources: their initialisers
    // are those of runtimes and of a BLAS, made to be loaded.
    let handle = unsafe { dlopen(path.as_ptr(), NOW) };
    match handle.is_null() {
        true => Err("the library does not load".into()),
        false => Ok(handle),
    }
}

#[cfg(not(unix))]
fn open(_: &str) -> Result<*mut c_void, String> {
    Err("libraries are loaded on Unix only".into())
}

impl Library {
    /// The function of this name.
    ///
    /// # Safety
    /// `F` is a pointer to a function, and of the signature that the function has in its source.
    pub unsafe fn function<F: Copy>(&self, name: &CStr) -> F {
        assert_eq!(size_of::<F>(), size_of::<*mut c_void>());
        #[cfg(unix)]
        // SAFETY: the handle is of a library that is never unloaded, and the name ends in a NUL.
        let address = unsafe { dlsym(self.handle, name.as_ptr()) };
        #[cfg(not(unix))]
        let address = self.handle;
        assert!(!address.is_null(), "no function {name:?}");
        // SAFETY: a pointer of this size to a function that is there; that `F` is its type is the caller's promise.
        unsafe { std::mem::transmute_copy(&address) }
    }

    /// The fit of this baseline, which every one has under its own name.
    pub fn lloyd(&self, name: &CStr) -> Lloyd {
        // SAFETY: the fits of naive.c, gemm.c and naive.f90 all have this signature.
        Lloyd(unsafe { self.function(name) })
    }
}

/// points, n, d, k, centers (start, then result), labels, iterations (allowed, then done); 0 when out of memory.
type Fit =
    unsafe extern "C" fn(*const f64, usize, usize, usize, *mut f64, *mut i32, *mut i64) -> i32;

/// Lloyd's algorithm as a baseline has it.
#[derive(Clone, Copy)]
pub struct Lloyd(Fit);

impl Lloyd {
    /// From the start of the work on; returns the iterations done, at most `iterations`.
    pub fn fit(
        self,
        work: &Work,
        centers: &mut [f64],
        labels: &mut [i32],
        mut iterations: i64,
    ) -> i64 {
        let (n, d, k) = (work.n, work.d, work.k);
        assert_eq!(
            (work.points.len(), centers.len(), labels.len()),
            (n * d, k * d, n)
        );
        centers.copy_from_slice(&work.start);
        let (points, centers, labels) = (
            work.points.as_ptr(),
            centers.as_mut_ptr(),
            labels.as_mut_ptr(),
        );
        // SAFETY: the lengths are what the function reads and writes, and nothing of it overlaps.
        let fine = unsafe { (self.0)(points, n, d, k, centers, labels, &mut iterations) };
        assert_eq!(fine, 1, "out of memory");
        iterations
    }
}
