# CAIRN_SANITIZE=address|undefined|thread (separated by commas) instruments everything; set by the presets.
set(CAIRN_SANITIZE "" CACHE STRING "Sanitizers, separated by commas")
if(CAIRN_SANITIZE)
  add_compile_options(-fsanitize=${CAIRN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CAIRN_SANITIZE})
endif()
