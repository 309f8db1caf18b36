# The library. Three kinds of sources lie under src/:
#   *.simd.c  kernels in vector extensions, compiled once for every instruction set of the target; *.real.simd.c
#             once more for each with activations in bfloat16
#   ref.c     the reference kernels, compiled for float and for double
#   others    compiled once
file(GLOB_RECURSE all_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.c)
set(simd_sources ${all_sources})
list(FILTER simd_sources INCLUDE REGEX "\\.simd\\.c$")
set(real_sources ${simd_sources})
list(FILTER real_sources INCLUDE REGEX "\\.real\\.simd\\.c$")
set(ref_sources ${all_sources})
list(FILTER ref_sources INCLUDE REGEX "/ref\\.c$")
set(plain_sources ${all_sources})
list(FILTER plain_sources EXCLUDE REGEX "(\\.simd|/ref)\\.c$")
include(CairnRecipes)
list(APPEND plain_sources ${CAIRN_RECIPES_SOURCE})

set(CAIRN_OBJECTS)
function(cairn_objects name)
  cmake_parse_arguments(arg "" "" "SOURCES;OPTIONS;DEFINITIONS" ${ARGN})
  if(NOT arg_SOURCES)
    return()
  endif()
  add_library(${name} OBJECT ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE CAIRN_VERSION="${PROJECT_VERSION}" ${arg_DEFINITIONS})
  target_compile_options(${name} PRIVATE ${arg_OPTIONS})
  target_link_libraries(${name} PRIVATE ${CAIRN_LIBRARIES})
  set(CAIRN_OBJECTS ${CAIRN_OBJECTS} $<TARGET_OBJECTS:${name}> PARENT_SCOPE)
endfunction()

cairn_objects(cairn_plain SOURCES ${plain_sources})
cairn_objects(cairn_ref_f32 SOURCES ${ref_sources} DEFINITIONS CAIRN_REAL_F32)
cairn_objects(cairn_ref_f64 SOURCES ${ref_sources} DEFINITIONS CAIRN_REAL_F64)
# Contraction to FMA is wanted in kernels and the same in every build; their inner loops index nothing but what the
# plan sized, so a stack guard would only cost.
set(simd_options -ffp-contract=fast -fno-stack-protector -fno-trapping-math)
# Sanitizers see what this machine runs: where that is not AVX-512, its kernels run on emulated instructions (see
# tests/emulated), with less optimisation, as those of the lowest level, which few tests run where there is a better one.
set(emulate_avx512 OFF)
set(lesser_base)
if(CAIRN_SANITIZE AND EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo processor_flags REGEX "^flags" LIMIT_COUNT 1)
  if(NOT processor_flags MATCHES " avx512bw ")
    set(emulate_avx512 ON)
  endif()
  if(processor_flags MATCHES " avx2 ")
    set(lesser_base -O1)
  endif()
endif()
option(CAIRN_EMULATE_AVX512 "Run the kernels for AVX-512 and bfloat16 on AVX2, for tests" ${emulate_avx512})
# cairn_level(NAME OPTION...): the kernels of one level; cairn_bf16_level: those in bfloat16.
macro(cairn_level name)
  string(TOLOWER ${name} lower)
  cairn_objects(cairn_simd_${lower} SOURCES ${simd_sources} DEFINITIONS CAIRN_SIMD_${name}
                OPTIONS ${simd_options} ${ARGN})
endmacro()
macro(cairn_bf16_level name)
  string(TOLOWER ${name} lower)
  cairn_objects(cairn_bf16_${lower} SOURCES ${real_sources} DEFINITIONS CAIRN_SIMD_${name} CAIRN_STORE_BF16
                OPTIONS ${simd_options} ${ARGN})
endmacro()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(avx2_options -march=x86-64-v3 -mprefer-vector-width=256)
  if(CAIRN_EMULATE_AVX512)
    set(avx512_options ${avx2_options} -I${PROJECT_SOURCE_DIR}/tests/emulated -DCAIRN_EMULATE_AVX512 -Wno-psabi
                       -O1 -fno-sanitize=all)
    set(bf16_options)
    target_compile_definitions(cairn_plain PRIVATE CAIRN_EMULATE_AVX512)
  else()
    set(avx512_options -march=x86-64-v4 -mprefer-vector-width=512)
    set(bf16_options -mavx512bf16)
  endif()
  cairn_level(BASE -march=x86-64-v2 ${lesser_base})
  cairn_level(AVX2 ${avx2_options})
  cairn_level(AVX512 ${avx512_options})
  cairn_bf16_level(BASE -march=x86-64-v2 ${lesser_base})
  cairn_bf16_level(AVX2 ${avx2_options})
  cairn_bf16_level(AVX512 ${avx512_options})
  cairn_bf16_level(AVX512BF16 ${avx512_options} ${bf16_options})
else()
  cairn_level(BASE)
  cairn_bf16_level(BASE)
endif()

add_library(cairn_shared SHARED ${CAIRN_OBJECTS})
add_library(cairn_static STATIC ${CAIRN_OBJECTS})
foreach(kind shared static)
  # Before 1.0 a minor version may change the interface, so the soname carries it.
  set_target_properties(cairn_${kind} PROPERTIES OUTPUT_NAME cairn EXPORT_NAME ${kind} VERSION ${PROJECT_VERSION}
                        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_include_directories(cairn_${kind} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(cairn_${kind} PRIVATE ${CAIRN_LIBRARIES})
  add_library(cairn::${kind} ALIAS cairn_${kind})
endforeach()
if(NOT CAIRN_SANITIZE)
  target_link_options(cairn_shared PRIVATE LINKER:-z,defs) # nothing undefined; sanitizer runtimes are
endif()
