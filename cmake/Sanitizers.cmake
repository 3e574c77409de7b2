# SLUICE_SANITIZE and SLUICE_FUZZ as compiler flags. A finding ends the program: no recovery.
if(SLUICE_SANITIZE)
  set(flags -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(sluice_settings INTERFACE ${flags})
  target_link_options(sluice_settings INTERFACE ${flags})
endif()
if(SLUICE_FUZZ)
  target_compile_options(sluice_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
