/* Files into the program, by the assembler's .incbin: no generated source, no conversion, read-only pages that are only
 * loaded when used. The build gives the paths as string literals: TEN_ASSET_STYLE, TEN_ASSET_SCRIPT, TEN_ASSET_LINKED,
 * TEN_ASSET_NAMES, TEN_ASSET_PICTURES, TEN_ASSET_FIGURES, TEN_ASSET_VEGA, TEN_ASSET_VEGA_INTERPRETER,
 * TEN_ASSET_VEGA_LITE. */
#include "report/assets.h"

/* The symbols are private to this file: ".L"-less names, but not global. */
#define EMBED(name, path)                                                                                              \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".balign 16\n"                                                                                             \
            "ten_asset_" #name "_begin:\n"                                                                             \
            ".incbin \"" path "\"\n"                                                                                   \
            "ten_asset_" #name "_end:\n"                                                                               \
            ".byte 0\n"                                                                                                \
            ".popsection\n");                                                                                          \
    extern const char name##_begin[] __asm__("ten_asset_" #name "_begin") __attribute__((visibility("hidden")));       \
    extern const char name##_end[] __asm__("ten_asset_" #name "_end") __attribute__((visibility("hidden")));           \
    struct ten_asset ten_asset_##name(void) {                                                                          \
        return (struct ten_asset){name##_begin, (size_t)(name##_end - name##_begin)};                                  \
    }

EMBED(style, TEN_ASSET_STYLE)
EMBED(script, TEN_ASSET_SCRIPT)
EMBED(linked, TEN_ASSET_LINKED)
EMBED(names, TEN_ASSET_NAMES)
EMBED(pictures, TEN_ASSET_PICTURES)
EMBED(figures, TEN_ASSET_FIGURES)
EMBED(vega, TEN_ASSET_VEGA)
EMBED(vega_interpreter, TEN_ASSET_VEGA_INTERPRETER)
EMBED(vega_lite, TEN_ASSET_VEGA_LITE)
