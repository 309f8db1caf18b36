/* Linkage and visibility of the public functions, and the C++ form of option literals. */
#ifndef CAIRN_EXPORT_H
#define CAIRN_EXPORT_H

#if defined(__GNUC__)
#define CAIRN_API __attribute__((visibility("default")))
#define CAIRN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define CAIRN_API
#define CAIRN_PRINTF(text, first)
#endif

#ifdef __cplusplus
#define CAIRN_BEGIN extern "C" {
#define CAIRN_END }
#define CAIRN_OPTIONS(type, ...) (type{.unused_ = 0, __VA_ARGS__})
#else
#define CAIRN_BEGIN
#define CAIRN_END
#define CAIRN_OPTIONS(type, ...) ((type){.unused_ = 0, __VA_ARGS__})
#endif

#endif
