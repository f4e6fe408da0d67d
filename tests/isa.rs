//! `CENTRA_ISA` lowers the instruction set, never raises it, and is ignored when it names none. It is read once per
//! process, so each value gets a process of its own: this test program again, with `CENTRA_TEST_CHILD` set.

use centra::{Clustering, Isa, KMeans, Points};
use std::ffi::CStr;
use std::process::Command;

/// What the child reports: the instruction set in Rust's and in C's words, and a digest of what it computes.
fn report() -> String {
    // SAFETY: the function has no requirements, and its text is static.
    let c = unsafe { CStr::from_ptr(centra::capi::centra_isa()) }
        .to_str()
        .unwrap();
    let mut state = 1u64;
    let x: Vec<f64> = (0..3000 * 5)
        .map(|_| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 11) as f64
        })
        .collect();
    let points = Points::rows(&x, 3000, 5).unwrap();
    let Clustering {
        centers,
        labels,
        report,
        ..
    } = KMeans::new(40).threads(2).fit(&points).unwrap();
    let words = centers
        .iter()
        .map(|c| c.to_bits())
        .chain(labels.iter().map(|&l| l as u64))
        .chain([report.inertia.to_bits()]);
    let digest = words.fold(0u64, |digest, word| {
        (digest ^ word)
            .wrapping_mul(0x100_0000_01b3)
            .rotate_left(29)
    });
    format!(
        "{:?} {c} {digest:016x} after {}",
        centra::isa(),
        report.iterations
    )
}

#[test]
fn child() {
    if std::env::var_os("CENTRA_TEST_CHILD").is_some() {
        println!("\nREPORT {}", report());
    }
}

/// The child's report with this value of `CENTRA_ISA`.
fn run(value: Option<&str>) -> (Isa, String, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env("CENTRA_TEST_CHILD", "1")
        .env_remove("CENTRA_ISA");
    if let Some(value) = value {
        command.env("CENTRA_ISA", value);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{value:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("REPORT "))
        .unwrap_or_else(|| panic!("no report in {text}"));
    let mut words = line.splitn(3, ' ').map(str::to_string);
    let isa = match words.next().unwrap().as_str() {
        "Portable" => Isa::Portable,
        "Neon" => Isa::Neon,
        "Avx2" => Isa::Avx2,
        "Avx512" => Isa::Avx512,
        "Amx" => Isa::Amx,
        other => panic!("an instruction set unknown to this test: {other}"),
    };
    (isa, words.next().unwrap(), words.next().unwrap())
}

const ALL: [(Isa, &str); 5] = [
    (Isa::Portable, "portable"),
    (Isa::Neon, "neon"),
    (Isa::Avx2, "avx2"),
    (Isa::Avx512, "avx512"),
    (Isa::Amx, "amx"),
];

fn rank(isa: Isa) -> usize {
    ALL.iter().position(|(other, _)| *other == isa).unwrap()
}

#[test]
fn the_environment_lowers_but_never_raises() {
    let (best, name, digest) = run(None);
    let there = there();
    let at_most = |limit| there.iter().copied().rfind(|&isa| isa <= limit).unwrap();
    assert_eq!(
        best,
        at_most(Isa::Amx),
        "the CPU has {there:?}, the library uses {best:?}"
    );
    let table = [
        (None, best),
        (Some("portable"), Isa::Portable),
        (Some("neon"), at_most(Isa::Neon)),
        (Some("avx2"), at_most(Isa::Avx2)),
        (Some("avx512"), at_most(Isa::Avx512)),
        (Some("amx"), best),
        (Some(""), best),
        (Some("nonsense"), best),
        (Some("avx1024"), best),
        (Some("avx2 avx512"), best),
        (Some("portable-ish"), best),
    ];
    for (value, want) in table {
        let (got, got_name, got_digest) = run(value);
        assert_eq!(got, want, "CENTRA_ISA = {value:?}");
        assert_eq!(got_name, ALL[rank(got)].1, "CENTRA_ISA = {value:?}");
        assert_eq!(
            got_digest, digest,
            "CENTRA_ISA = {value:?}: {got_name} computes something else than {name}"
        );
    }
}

/// What the CPU has.
fn there() -> Vec<Isa> {
    let mut there = vec![Isa::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("popcnt");
        // Processors with AVX-512 sold as such have all of these; the oldest ones lack them and count as AVX2.
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        there.extend(avx2.then_some(Isa::Avx2));
        there.extend((avx2 && avx512).then_some(Isa::Avx512));
        // The standard library does not tell of tiles; Linux does.
        let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let flag = |name| flags.split_whitespace().any(|flag| flag == name);
        let tiles = is_x86_feature_detected!("avx512vnni") && flag("amx_tile") && flag("amx_int8");
        there.extend((avx2 && avx512 && tiles).then_some(Isa::Amx));
    }
    if cfg!(all(target_arch = "aarch64", target_endian = "little")) {
        there.push(Isa::Neon);
    }
    there
}
