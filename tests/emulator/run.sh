#!/bin/sh
# Boots the kernel in directory $2 in the Bochs of directory $1, runs each of the programs $4.. with each word of $3, and shows what they print.
# What is needed besides: isolinux, xorriso, busybox-static, cpio, bochsbios, vgabios. Ends with an error if a program does, or they take longer than SECONDS_AT_MOST (600).
set -e
bochs=$(realpath "$1") kernel=$(realpath "$2"/boot/vmlinuz-*) tests=$3
shift 3
here=$(mktemp -d)
emulator=
trap 'test -z "$emulator" || kill -9 "$emulator" 2> /dev/null; rm -rf "$here"' EXIT

# The first process: it runs the programs, and says how that ended.
root=$here/root
mkdir -p "$root/bin" "$root/lib64" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$here/cd/isolinux"
cp /bin/busybox "$root/bin/sh"
for name in mount sleep cat; do ln -s sh "$root/bin/$name"; done
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
for program; do
    cp "$program" "$root/"
    strip "$root/$(basename "$program")"
    ldd "$program" | awk '$2 == "=>" { print $3 }' | xargs -I{} cp -Lu {} "$root/lib64/"
    for test in $tests; do
        echo "echo $test; LD_LIBRARY_PATH=/lib64 /$(basename "$program") --test-threads=1 $test || failed=1"
    done
done > "$root/run"
cat > "$root/init" <<'END'
#!/bin/sh
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
exec > /dev/ttyS0 2>&1 < /dev/null
failed=0
export CENTRA_TEST_TILES=expected
case $(cat /proc/cpuinfo) in *amx_int8*) ;; *) echo 'no tiles'; failed=1 ;; esac
. /run
echo "ENDED $failed"
sleep 1000
END
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) > "$here/cd/initrd.gz"
cp "$kernel" "$here/cd/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$here/cd/isolinux/"
cat > "$here/cd/isolinux/isolinux.cfg" <<'END'
default only
timeout 1
label only
 kernel /vmlinuz
 append initrd=/initrd.gz console=ttyS0 quiet loglevel=3 mitigations=off nokaslr tsc=reliable lpj=4000000 apparmor=0 selinux=0
END
xorriso -as mkisofs -quiet -o "$here/cd.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 \
    -boot-info-table "$here/cd" 2> /dev/null

cat > "$here/bochsrc" <<END
config_interface: textconfig
display_library: nogui
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=$(ls /usr/share/vgabios/vgabios.bin /usr/share/vgabios/vgabios-stdvga.bin 2> /dev/null | head -n 1)
cpu: model=corei7_skylake_x, add_features="avx512vnni,avx_vnni,amx,amx_int8", ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=2048, host=2048
ata0-master: type=cdrom, path=$here/cd.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$here/printed
log: $here/log
panic: action=fatal
error: action=ignore
info: action=ignore
clock: sync=none, time0=utc
END
"$bochs/bochs" -q -f "$here/bochsrc" > "$here/bochs" 2>&1 &
emulator=$!
for _ in $(seq "${SECONDS_AT_MOST:-600}"); do
    sleep 1
    if grep -q '^ENDED\|Kernel panic' "$here/printed" 2> /dev/null || ! kill -0 "$emulator" 2> /dev/null; then
        break
    fi
done
cat "$here/printed"
grep -q '^ENDED 0' "$here/printed" && ! grep -q '^running 0 tests' "$here/printed"
