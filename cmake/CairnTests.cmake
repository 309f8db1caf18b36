# The tests. Those of a build with sanitizers are named and labelled so ("asan.unit.graph"), which lets one CTest run
# hold several builds.
find_path(CMOCKA_INCLUDE cmocka.h REQUIRED)
find_library(CMOCKA_LIBRARY cmocka REQUIRED)
set(tests ${PROJECT_SOURCE_DIR}/tests)
set(test_environment "CAIRN_TEST_DATA=${tests}/data;LSAN_OPTIONS=suppressions=${tests}/lsan.supp:print_suppressions=0")
if(CAIRN_SANITIZE MATCHES "address")
  set(test_prefix asan.)
elseif(CAIRN_SANITIZE MATCHES "thread")
  set(test_prefix tsan.)
elseif(CAIRN_SANITIZE)
  set(test_prefix ubsan.)
endif()

# cairn_test(KIND NAME COMMAND...)
function(cairn_test kind name)
  set(test ${test_prefix}${kind}.${name})
  add_test(NAME ${test} COMMAND ${ARGN})
  set_tests_properties(${test} PROPERTIES LABELS ${kind} TIMEOUT 600 SKIP_RETURN_CODE 77
                       ENVIRONMENT "${test_environment}")
endfunction()

# unit: cmocka programs that see the library's inside, tests/unit/test_NAME.c.
add_library(op_harness STATIC ${tests}/op_harness.c ${tests}/op_cases.c ${tests}/op_cases_convolutions.c
            ${tests}/op_cases_pictures.c ${tests}/op_cases_update.c)
target_include_directories(op_harness PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(op_harness PRIVATE _GNU_SOURCE)
file(GLOB unit_tests CONFIGURE_DEPENDS ${tests}/unit/test_*.c)
foreach(source IN LISTS unit_tests)
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE "test_" "" name ${name})
  add_executable(test_${name} ${source})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${tests} ${CMOCKA_INCLUDE})
  target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE CAIRN_TEST_DATA="${tests}/data")
  target_link_libraries(test_${name} PRIVATE op_harness cairn_static ${CAIRN_LIBRARIES} ${CMOCKA_LIBRARY})
  cairn_test(unit ${name} test_${name})
endforeach()
# By far the longest, so it is started first: all networks, with all their weights.
set_tests_properties(${test_prefix}unit.zoo_runs PROPERTIES COST 1000 TIMEOUT 1500)

# fuzz: the parsers on mutations of a small file, tests/fuzz/fuzz_NAME.c. With clang, -DCAIRN_LIBFUZZER=ON
# and -DCAIRN_SANITIZE=address,undefined,fuzzer-no-link the same targets are libFuzzer programs, to be run by hand.
option(CAIRN_LIBFUZZER "Build the fuzz targets for libFuzzer" OFF)
file(GLOB fuzz_targets CONFIGURE_DEPENDS ${tests}/fuzz/fuzz_*.c)
foreach(source IN LISTS fuzz_targets)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE CAIRN_TEST_DATA="${tests}/data")
  target_link_libraries(${name} PRIVATE cairn_static)
  if(CAIRN_LIBFUZZER)
    target_compile_definitions(${name} PRIVATE CAIRN_LIBFUZZER)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    string(REPLACE "fuzz_" "" test ${name})
    cairn_test(fuzz ${test} ${name})
  endif()
endforeach()

# parity: networks against golden numbers: in double precision, and in single precision at every kernel level that
# this processor has; and that wrong numbers are found. Sanitizers slow them down so much that only the small ones run.
add_executable(parity ${tests}/parity/parity.c ${tests}/parity/compare.c ${tests}/parity/training.c ${tests}/parity/kinks.c
               ${tests}/parity/golden.c ${tests}/parity/validate.c)
target_include_directories(parity PRIVATE ${tests})
target_compile_definitions(parity PRIVATE _GNU_SOURCE)
target_link_libraries(parity PRIVATE cairn_static PkgConfig::JANSSON)
function(cairn_parity_test name)
  cairn_test(parity ${name} parity ${tests}/data/golden)
  if(CAIRN_SANITIZE)
    list(APPEND ARGN NETWORKS=_lenet) # not GoogLeNet
  endif()
  set_property(TEST ${test_prefix}parity.${name} APPEND PROPERTY ENVIRONMENT ${ARGN})
endfunction()
foreach(level scalar x86-64-v2 avx2 avx512)
  cairn_parity_test(${level} PRECISION=single CAIRN_ISA=${level} LEVEL_OR_SKIP=${level})
endforeach()
cairn_parity_test(double PRECISION=double)
cairn_parity_test(fast PRECISION=fast)
cairn_test(parity wrong sh ${tests}/parity/wrong.sh $<TARGET_FILE:parity> ${tests}/data/golden)

# peers: what the comparisons with other programs (make roundtrip) ask the library.
add_executable(logits ${tests}/tools/logits.c)
target_link_libraries(logits PRIVATE cairn_static)

# start: what a start takes. Sanitizers have memory of their own.
add_executable(start ${tests}/tools/start.c)
target_compile_definitions(start PRIVATE _GNU_SOURCE)
target_link_libraries(start PRIVATE cairn_static)
if(NOT CAIRN_SANITIZE)
  foreach(model resnet20 resnet50 alexnet vgg16)
    cairn_test(start ${model} start ${model})
  endforeach()
endif()

# curve: losses of a training on given batches (make curves).
add_executable(curve ${tests}/tools/curve.c)
target_link_libraries(curve PRIVATE cairn_static)

# gradients: what fast kernels and fusion do to them (make gradients).
add_executable(gradients ${tests}/tools/gradients.c)
target_link_libraries(gradients PRIVATE cairn_static)

# pipeline: what the loader delivers (bench/pipeline.py compares).
add_executable(pipeline ${PROJECT_SOURCE_DIR}/bench/pipeline.c)
target_include_directories(pipeline PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(pipeline PRIVATE _GNU_SOURCE)
target_link_libraries(pipeline PRIVATE cairn_static)

# cli: shell scripts that run the command, found as $CAIRN, tests/cli/NAME.sh. faults: the same with signals, full
# disks and failing system calls in the way of a training, tests/faults/NAME.sh.
if(TARGET cairn)
  add_executable(make_idx ${tests}/tools/make_idx.c)
  add_executable(check_json ${tests}/tools/check_json.c)
  target_link_libraries(check_json PRIVATE PkgConfig::JANSSON)
  list(APPEND test_environment "CAIRN=$<TARGET_FILE:cairn>" "MAKE_IDX=$<TARGET_FILE:make_idx>"
       "CHECK_JSON=$<TARGET_FILE:check_json>")
  file(GLOB cli_tests CONFIGURE_DEPENDS ${tests}/cli/*.sh)
  file(GLOB fault_tests CONFIGURE_DEPENDS ${tests}/faults/*.sh)
  list(REMOVE_ITEM cli_tests ${tests}/cli/common.sh)
  list(REMOVE_ITEM fault_tests ${tests}/faults/common.sh)
  if(CAIRN_SANITIZE)
    set(fault_tests) # about the order of system calls, which sanitizers do not change
  endif()
  foreach(source IN LISTS cli_tests fault_tests)
    get_filename_component(name ${source} NAME_WE)
    get_filename_component(kind ${source} DIRECTORY)
    get_filename_component(kind ${kind} NAME)
    cairn_test(${kind} ${name} sh ${source})
  endforeach()
endif()

# What does not depend on how the library was compiled is tested once.
if(CAIRN_SANITIZE)
  return()
endif()

# headers: each compiles alone, in C and in C++; and C++ can use the option literals, as designated initialisers that
# leave members out.
set(header_options -fsyntax-only -Wall -Wextra -Werror -I ${PROJECT_SOURCE_DIR}/include)
find_program(CXX_COMPILER NAMES $ENV{CXX} c++ g++ clang++)
file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/cairn/*.h)
foreach(header IN LISTS headers)
  get_filename_component(name ${header} NAME_WE)
  cairn_test(headers ${name}.c ${CMAKE_C_COMPILER} -std=c11 -pedantic-errors ${header_options} -include ${header}
             ${tests}/headers/alone.c)
  if(CXX_COMPILER)
    cairn_test(headers ${name}.cpp ${CXX_COMPILER} -std=c++17 -pedantic-errors ${header_options} -include ${header}
               -x c++ ${tests}/headers/alone.c)
  endif()
endforeach()
if(CXX_COMPILER)
  cairn_test(headers use.cpp ${CXX_COMPILER} -std=c++20 ${header_options} -Wno-missing-field-initializers
             ${tests}/headers/use.cpp)
endif()

# source: the layers, and what the libraries call and export.
cairn_test(source layers ${PROJECT_SOURCE_DIR}/tools/check-layers ${PROJECT_SOURCE_DIR})
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  cairn_test(source symbols ${PROJECT_SOURCE_DIR}/tools/check-symbols $<TARGET_FILE:cairn_static>
             $<TARGET_FILE:cairn_shared>)
endif()

# package: the installed library as other projects find it.
set(stage ${PROJECT_BINARY_DIR}/stage)
cairn_test(package install ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${stage})
set_tests_properties(${test_prefix}package.install PROPERTIES FIXTURES_SETUP stage)
foreach(way cmake-shared cmake-static pkg-config)
  cairn_test(package ${way} sh ${tests}/package/check.sh ${way} ${stage} ${CMAKE_INSTALL_LIBDIR}
             ${PROJECT_BINARY_DIR}/package ${CMAKE_C_COMPILER})
  set_tests_properties(${test_prefix}package.${way} PROPERTIES FIXTURES_REQUIRED stage)
endforeach()
