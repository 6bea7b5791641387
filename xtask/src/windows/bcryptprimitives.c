/* What Rust's standard library asks of Windows for random numbers, for a Wine that lacks it (Debian's Wine 8).
   For tests only; no package has it. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID data, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    const ULONG most = 1u << 30;
    while (length > 0) {
        ULONG part = length > most ? most : (ULONG)length;
        if (!SystemFunction036(data, part)) return FALSE;
        data += part;
        length -= part;
    }
    return TRUE;
}
