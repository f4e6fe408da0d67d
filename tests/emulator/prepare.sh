#!/bin/sh
# Edits and builds Bochs 3.0, whose source is in the directory $1.
set -e
cd "$1"

# IA32_XFD and IA32_XFD_ERR, without which Linux gives no tiles: the registers, the exception that the first use of tiles is to raise, and what
# CPUID says of them.
sed -i 's/^  Bit64u ia32_xss;/&\n  Bit64u ia32_xfd, ia32_xfd_err;/' cpu/cpu.h
sed -i 's/^  BX_CPU_THIS_PTR msr.ia32_xss = 0;/&\n  BX_CPU_THIS_PTR msr.ia32_xfd = BX_CPU_THIS_PTR msr.ia32_xfd_err = 0;/' cpu/init.cc
sed -i '/leaf->eax |= (1<<3);/a\    if (is_cpu_extension_supported(BX_ISA_AMX)) leaf->eax |= (1<<4);
        /leaf->ecx = (cpu->ia32_xss_suppmask/a\      if (subfunction == 18) leaf->ecx |= 4;' cpu/cpuid.cc
awk '
    /^  msr_desc\[BX_MSR_XSS\]/ {
        print
        print "  msr_desc[0x1c4] = new MSR_Descriptor(\"XFD\", BX_ISA_XSAVES);"
        print "  msr_desc[0x1c5] = new MSR_Descriptor(\"XFD_ERR\", BX_ISA_XSAVES);"
        next
    }
    /^    case BX_MSR_XSS:/ && ++seen == 1 {
        print "    case 0x1c4: val64 = BX_CPU_THIS_PTR msr.ia32_xfd; break;"
        print "    case 0x1c5: val64 = BX_CPU_THIS_PTR msr.ia32_xfd_err; break;"
    }
    /^    case BX_MSR_XSS:/ && seen == 2 {
        print "    case 0x1c4: BX_CPU_THIS_PTR msr.ia32_xfd = val_64; handleAvxModeChange(); break;"
        print "    case 0x1c5: BX_CPU_THIS_PTR msr.ia32_xfd_err = val_64; break;"
    }
    { print }
' cpu/msr.cc > msr.new && mv msr.new cpu/msr.cc
awk '
    /BX_XCR0_XTILEDATA_MASK\)\) != 0\)/ && !done {
        sub(/!= 0\)/, "!= 0 || (BX_CPU_THIS_PTR msr.ia32_xfd \\& BX_XCR0_XTILEDATA_MASK))")
        done = 1
    }
    /^void .*::BxNoAMX/ { inside = 1 }
    inside && /BX_ASSERT\(0\)/ {
        print "  BX_CPU_THIS_PTR msr.ia32_xfd_err = BX_XCR0_XTILEDATA_MASK;"
        print "  exception(BX_NM_EXCEPTION, 0);"
        inside = 0
    }
    { print }
' cpu/proc_ctrl.cc > proc.new && mv proc.new cpu/proc_ctrl.cc

# With tiles, code that was written anew was looked for among the traces of other lines.
sed -i 's/^    if (line_mask > mask) break;/    (void) line_mask;/' cpu/icache.h

# When a thread was interrupted, numbers of rows and of their bytes were saved in each other's place, half of the rows was not saved, and
# tiles were taken to be in use where they were not.
sed -i 's/\(vmm16u(8+n) *= BX_CPU_THIS_PTR amx->tilecfg\[n\]\.\)rows;/\1bytes_per_row;/
        s/\(vmmubyte(48+n) *= BX_CPU_THIS_PTR amx->tilecfg\[n\]\.\)bytes_per_row;/\1rows;/
        s/row < BX_TILE_REGISTERS/row < BX_TILE_MAX_ROWS/
        s/tile_use_tracker == 0/tile_use_tracker != 0/' cpu/xsave.cc

# Signed bytes were taken to be unsigned.
awk '
    /DPBDSS\(Bit32u x/ { x = 1; y = 1 }
    /DPBDSU\(Bit32u x/ { x = 1; y = 0 }
    /DPBDUS\(Bit32u x/ { x = 0; y = 1 }
    /DPBDUU\(Bit32u x/ { x = 0; y = 0 }
    x { gsub(/Bit32[su]\(xbyte/, "Bit32s((Bit8s) xbyte") }
    y { gsub(/Bit32[su]\(ybyte/, "Bit32s((Bit8s) ybyte") }
    /^}/ { x = 0; y = 0 }
    { print }
' cpu/avx/amx.cc > amx.new && mv amx.new cpu/avx/amx.cc

# Linux does not boot on the model that has tiles. It does on an older one, which is made to tell of what is added to it.
awk '
    /::get_std_cpuid_leaf_7\(/ { inside = 1 }
    inside && /^    leaf->ecx = 0;/ {
        print "    leaf->ecx = is_cpu_extension_supported(BX_ISA_AVX512_VNNI) ? (1<<11) : 0;"
        print "    leaf->edx = is_cpu_extension_supported(BX_ISA_AMX_INT8) ? (3<<24) : 0;"
        print "    leaf->eax = 1;"
        print "    break;"
        print "  case 1:"
        print "    leaf->ebx = leaf->ecx = leaf->edx = 0;"
        print "    leaf->eax = is_cpu_extension_supported(BX_ISA_AVX_VNNI) ? (1<<4) : 0;"
        print "    break;"
        getline; getline
        inside = 0
        next
    }
    /^  case 0x00000016:/ {
        print "  case 0x0000001D: get_std_cpuid_amx_palette_info_leaf(subfunction, leaf); return;"
        print "  case 0x0000001E: get_std_cpuid_amx_tmul_leaf(subfunction, leaf); return;"
    }
    { print }
' cpu/cpudb/intel/corei7_skylake-x.cc > model.new && mv model.new cpu/cpudb/intel/corei7_skylake-x.cc
sed -i 's/max_std_leaf = 0x16/max_std_leaf = 0x1E/' cpu/cpudb/intel/corei7_skylake-x.cc

# Each edit has been made.
for what in 'ia32_xfd_err;:cpu/cpu.h' 'ia32_xfd_err = 0:cpu/init.cc' '(1<<4):cpu/cpuid.cc' 'ecx |= 4:cpu/cpuid.cc' \
    'msr_desc\[0x1c5\]:cpu/msr.cc' 'case 0x1c5. val64:cpu/msr.cc' 'ia32_xfd_err = val_64:cpu/msr.cc' 'ia32_xfd & BX:cpu/proc_ctrl.cc' \
    'exception(BX_NM_EXCEPTION, 0);:cpu/proc_ctrl.cc' 'vmmubyte(48+n).*rows;:cpu/xsave.cc' 'row < BX_TILE_MAX_ROWS:cpu/xsave.cc' \
    'tile_use_tracker != 0:cpu/xsave.cc' '(void) line_mask:cpu/icache.h' '(Bit8s) xbyte:cpu/avx/amx.cc' \
    '(Bit8s) ybyte:cpu/avx/amx.cc' '0x0000001E.*tmul:cpu/cpudb/intel/corei7_skylake-x.cc' '(3<<24):cpu/cpudb/intel/corei7_skylake-x.cc' \
    'max_std_leaf = 0x1E:cpu/cpudb/intel/corei7_skylake-x.cc'; do
    grep -q "${what%:*}" "${what##*:}" || { echo "not edited: ${what##*:} has no \"${what%:*}\"" >&2; exit 1; }
done

./configure --enable-x86-64 --enable-avx --enable-evex --enable-amx --enable-all-optimizations --enable-pci \
    --enable-long-phy-address --with-nogui --disable-docbook CXXFLAGS=-O2 CFLAGS=-O2 > configure.log
make -j"$(nproc)" > make.log 2>&1
