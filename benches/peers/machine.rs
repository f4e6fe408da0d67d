//! The machine: what it is, and how fast one of its cores can be at best.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

/// What one core reaches, measured in a fraction of a second.
#[derive(Clone)]
pub struct Peaks {
    /// Fused multiply-adds, in the widest vectors first.
    pub fma: Vec<Fma>,
    /// Bytes a second, read from memory.
    pub read: f64,
}

/// Floating-point operations a second; a fused multiply-add is two.
#[derive(Clone, Copy)]
pub struct Fma {
    pub bits: usize,
    pub double: f64,
    pub single: f64,
}

/// Measures peaks, again and again in the same memory.
pub struct Meter {
    memory: Vec<u64>,
}

impl Meter {
    /// Reads `bytes` for the bandwidth: many times what a cache holds.
    pub fn new(bytes: usize) -> Meter {
        Meter {
            memory: (0..bytes as u64 / 8).collect(),
        }
    }

    pub fn measure(&self) -> Peaks {
        let read = || {
            black_box(sum(&self.memory));
            size_of_val(&self.memory[..]) as f64
        };
        Peaks {
            fma: fma(),
            read: best(2, read),
        }
    }
}

/// The most that `work`, which says how much it did, reached a second in a few attempts.
fn best(attempts: usize, work: impl Fn() -> f64) -> f64 {
    let attempt = |_| {
        let begin = Instant::now();
        work() / begin.elapsed().as_secs_f64()
    };
    (0..attempts).map(attempt).fold(0.0, f64::max)
}

/// A sum in eight times eight lanes: so many that reading is what takes the time.
#[inline(always)]
fn sum_in_lanes(values: &[u64]) -> u64 {
    let mut sums = [0u64; 64];
    for chunk in values.as_chunks::<64>().0 {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*value);
        }
    }
    sums.iter().fold(0, |a, &b| a.wrapping_add(b))
}

#[cfg(target_arch = "x86_64")]
fn sum(values: &[u64]) -> u64 {
    #[target_feature(enable = "avx2")]
    fn wide(values: &[u64]) -> u64 {
        sum_in_lanes(values)
    }
    match is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature.
        true => unsafe { wide(values) },
        false => sum_in_lanes(values),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn sum(values: &[u64]) -> u64 {
    sum_in_lanes(values)
}

#[cfg(target_arch = "x86_64")]
fn fma() -> Vec<Fma> {
    use core::arch::x86_64::*;

    /// A few milliseconds of independent multiply-adds: enough accumulators to hide a latency of four at two or three a
    /// cycle, and few enough for the registers of every set. They tend to a limit, so no operand is special.
    macro_rules! kernel {
        ($name:ident, $feature:literal, $set:ident, $fma:ident, $lanes:literal) => {
            #[target_feature(enable = $feature)]
            fn $name() -> f64 {
                const ROUNDS: usize = 600_000;
                let (factor, term) = ($set(black_box(0.5)), $set(black_box(1.0)));
                let mut sums = [term; 12];
                for _ in 0..ROUNDS {
                    for sum in &mut sums {
                        *sum = $fma(*sum, factor, term);
                    }
                }
                black_box(sums);
                (ROUNDS * sums.len() * $lanes * 2) as f64
            }
        };
    }
    kernel!(double_512, "avx512f", _mm512_set1_pd, _mm512_fmadd_pd, 8);
    kernel!(single_512, "avx512f", _mm512_set1_ps, _mm512_fmadd_ps, 16);
    kernel!(double_256, "avx,fma", _mm256_set1_pd, _mm256_fmadd_pd, 4);
    kernel!(single_256, "avx,fma", _mm256_set1_ps, _mm256_fmadd_ps, 8);
    kernel!(double_128, "avx,fma", _mm_set1_pd, _mm_fmadd_pd, 2);
    kernel!(single_128, "avx,fma", _mm_set1_ps, _mm_fmadd_ps, 4);

    let mut peaks = Vec::new();
    let mut measure = |bits, double: unsafe fn() -> f64, single: unsafe fn() -> f64| {
        peaks.push(Fma {
            bits,
            // SAFETY: below, a kernel is handed over only where the processor has its features.
            double: best(3, || unsafe { double() }),
            // SAFETY: as above.
            single: best(3, || unsafe { single() }),
        });
    };
    if is_x86_feature_detected!("avx512f") {
        measure(512, double_512, single_512);
    }
    if is_x86_feature_detected!("avx") && is_x86_feature_detected!("fma") {
        measure(256, double_256, single_256);
        measure(128, double_128, single_128);
    }
    peaks
}

/// Elsewhere no fraction of a peak is told.
#[cfg(not(target_arch = "x86_64"))]
fn fma() -> Vec<Fma> {
    Vec::new()
}

/// What the reader of a result has to know of the machine; what cannot be found out is left out.
pub fn description() -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut tell = |what, text: Option<String>| lines.extend(text.map(|text| (what, text)));
    let cpu = std::fs::read_to_string("/proc/cpuinfo").ok();
    let field = |name: &str| {
        let line = cpu.as_ref()?.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_string())
    };
    tell("processor", field("model name"));
    let numbers = ["cpu family", "model", "stepping"].map(|name| field(name).unwrap_or_default());
    tell("family, model, stepping", Some(numbers.join(", ")));
    tell(
        "vector instructions",
        field("flags").map(|flags| {
            let vector = |flag: &&str| {
                ["avx", "fma", "sse4", "amx"]
                    .iter()
                    .any(|set| flag.starts_with(set))
            };
            flags
                .split_whitespace()
                .filter(vector)
                .collect::<Vec<_>>()
                .join(" ")
        }),
    );
    let cores = std::thread::available_parallelism().ok();
    tell("cores", cores.map(|cores| cores.to_string()));
    tell("caches, as the system tells", caches());
    let memory = std::fs::read_to_string("/proc/meminfo").ok();
    tell(
        "memory",
        memory.and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("MemTotal"))?;
            let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(format!("{:.0} GiB", kib / 1024.0 / 1024.0))
        }),
    );
    tell("system", first_line("uname", &["-srm"]));
    tell("centra", Some(centra_version()));
    tell("rustc", first_line("rustc", &["--version"]));
    tell("date", first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"]));
    tell("load average at the start", load());
    lines
}

/// Of the last 1, 5 and 15 minutes.
pub fn load() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let words: Vec<&str> = text.split_whitespace().take(3).collect();
    Some(words.join(" "))
}

/// What a program says of itself, if it is there.
pub fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_string())
}

fn centra_version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let folder = env!("CARGO_MANIFEST_DIR");
    let describe = [
        "-C",
        folder,
        "describe",
        "--always",
        "--dirty",
        "--exclude=*",
    ];
    match first_line("git", &describe) {
        Some(commit) => format!("{version}, commit {commit}"),
        None => version.to_string(),
    }
}

fn caches() -> Option<String> {
    let folder = "/sys/devices/system/cpu/cpu0/cache";
    let mut caches = Vec::new();
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let read = |name| std::fs::read_to_string(entry.path().join(name)).ok();
        if let (Some(level), Some(kind), Some(size)) = (read("level"), read("type"), read("size")) {
            let kind = match kind.trim() {
                "Data" => "d",
                "Instruction" => "i",
                _ => "",
            };
            caches.push(format!("L{}{kind} {}", level.trim(), size.trim()));
        }
    }
    caches.sort();
    (!caches.is_empty()).then(|| caches.join(", "))
}
