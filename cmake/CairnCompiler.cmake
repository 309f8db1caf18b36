# Compiler and linker options of every target: warnings are errors, results and files are reproducible, and
# released binaries are hardened.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
                    $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes> -Werror)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # Both depend on what was inlined: texts of fixed size are cut on purpose, and GCC 12 takes vectorised loops over
  # bytes for overflows.
  add_compile_options(-Wno-format-truncation -Wno-stringop-overflow)
endif()

# Without contraction a product and a sum round the same way on every processor; kernels that want FMA ask for it
# by file (CairnLibrary.cmake). Nothing reads errno after a math function.
add_compile_options(-ffp-contract=off -fno-math-errno)

# The same bits from every directory: no build path reaches the output.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffile-prefix-map=${PROJECT_BINARY_DIR}/=)

set(CMAKE_C_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g") # assertions stay on
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:--as-needed)
