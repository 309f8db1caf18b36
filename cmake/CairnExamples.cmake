# The examples, and tests that run them: classify on the pictures and the little network of tests/examples/classify.sh,
# shared on networks that are quick.
function(cairn_example name source)
  add_executable(${name} ${PROJECT_SOURCE_DIR}/examples/${source})
  target_link_libraries(${name} PRIVATE cairn_static Threads::Threads)
  add_dependencies(examples ${name})
endfunction()

add_custom_target(examples)
cairn_example(classify classify.c)
cairn_example(shared shared.c)
set(classify_programs $<TARGET_FILE:classify>)

if(NOT CMAKE_CROSSCOMPILING) # CMake would take the C++ compiler of this machine
  include(CheckLanguage)
  check_language(CXX)
endif()
if(CMAKE_CXX_COMPILER)
  enable_language(CXX)
  cairn_example(classify_cpp classify.cpp)
  target_compile_features(classify_cpp PRIVATE cxx_std_17)
  list(APPEND classify_programs $<TARGET_FILE:classify_cpp>)
endif()

if(TARGET cairn)
  cairn_test(examples classify sh ${PROJECT_SOURCE_DIR}/tests/examples/classify.sh ${classify_programs})
endif()
cairn_test(examples shared.lenet5 shared lenet5)
cairn_test(examples shared.resnet18 shared resnet18 64 3)
