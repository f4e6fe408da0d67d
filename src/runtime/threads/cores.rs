//! The number of cores that this process may use. It is computed as in the standard library, which cannot be called here: it allocates,
//! and ends the process if there is no memory.

use core::ffi::CStr;

use libc::c_int;

/// Bytes for a path, and for a file of a few lines.
const ROOM: usize = 4096;

/// The processors that the scheduler may use for this process, or fewer according to the quota of its control group.
pub(super) fn cores() -> usize {
    allowed().min(quota()).max(1)
}

/// The processors that the scheduler may use for this thread.
fn allowed() -> usize {
    // SAFETY: a mask of zero bytes is one of no processors, and the system writes no more than its size.
    unsafe {
        let mut mask: libc::cpu_set_t = core::mem::zeroed();
        match libc::sched_getaffinity(0, size_of_val(&mask), &mut mask) {
            0 => libc::CPU_COUNT(&mask) as usize,
            // The system has more processors than this mask holds.
            _ => usize::try_from(libc::sysconf(libc::_SC_NPROCESSORS_ONLN)).unwrap_or(1),
        }
    }
}

/// The number of processors whose time the control groups of this process allow.
fn quota() -> usize {
    let mut room = [0; ROOM];
    let groups = read(c"/proc/self/cgroup", &mut room);
    let lines = groups.split(|&byte| byte == b'\n');
    let quotas = lines.filter_map(|line| {
        let mut parts = line.splitn(3, |&byte| byte == b':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let mut controllers = controllers.split(|&byte| byte == b',');
        match controllers.any(|name| name == b"cpu") {
            true => {
                let mounts = [&b"/sys/fs/cgroup/cpu"[..], b"/sys/fs/cgroup/cpu,cpuacct"];
                let quotas = mounts.map(|mount| {
                    least(path, |group| {
                        let quota = number(mount, group, b"/cpu.cfs_quota_us", 0)?;
                        Some((quota, number(mount, group, b"/cpu.cfs_period_us", 0)?))
                    })
                });
                quotas.into_iter().min()
            }
            // Version 2 of control groups has one line, which names no controller.
            false if line.starts_with(b"0::") => Some(least(path, |group| {
                let [quota, period] =
                    [0, 1].map(|at| number(b"/sys/fs/cgroup", group, b"/cpu.max", at));
                Some((quota?, period?))
            })),
            false => None,
        }
    });
    quotas.min().unwrap_or(usize::MAX)
}

/// The least quota divided by its period, of a group and of all groups that contain it.
fn least(path: &[u8], of: impl Fn(&[u8]) -> Option<(usize, usize)>) -> usize {
    let ends = (0..=path.len()).filter(|&end| end == path.len() || path[end] == b'/');
    let quotas = ends.filter_map(|end| of(&path[..end]));
    let cores = quotas.filter_map(|(quota, period)| quota.checked_div(period));
    cores.min().unwrap_or(usize::MAX)
}

/// The number in a file of a control group.
fn number(mount: &[u8], group: &[u8], file: &[u8], at: usize) -> Option<usize> {
    let (mut path, mut room) = ([0; ROOM], [0; 64]);
    let mut length = 0;
    for part in [mount, group, file] {
        path.get_mut(length..length + part.len())?
            .copy_from_slice(part);
        length += part.len();
    }
    let path = CStr::from_bytes_until_nul(&path).ok()?;
    let text = core::str::from_utf8(read(path, &mut room)).ok()?;
    // Without a quota the file has "max" or -1.
    text.split_ascii_whitespace().nth(at)?.parse().ok()
}

/// The beginning of a file, as far as it fits the buffer; empty, if the file cannot be read.
fn read<'a>(path: &CStr, room: &'a mut [u8]) -> &'a [u8] {
    const FLAGS: c_int = libc::O_RDONLY | libc::O_CLOEXEC;
    let mut length = 0;
    // SAFETY: a path that ends in a nul, and bytes that are writable.
    unsafe {
        let file = libc::open(path.as_ptr(), FLAGS);
        if file < 0 {
            return &[];
        }
        while length < room.len() {
            let rest = &mut room[length..];
            match libc::read(file, rest.as_mut_ptr().cast(), rest.len()) {
                count if count > 0 => length += count as usize,
                _ => break,
            }
        }
        libc::close(file);
    }
    &room[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_standard_library_counts() {
        let counted = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!(cores(), counted);
    }

    #[test]
    fn a_group_has_no_more_than_those_it_is_in() {
        let quota = |group: &[u8]| match group {
            b"" => None,
            b"/a" => Some((250, 100)),
            b"/a/b" => Some((400, 100)),
            _ => Some((7, 0)),
        };
        assert_eq!(least(b"/a/b/c", quota), 2);
        assert_eq!(least(b"/", |_| None), usize::MAX);
    }
}
