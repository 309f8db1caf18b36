/* Texts of the status codes. */
#include <cairn/status.h>

const char *cairn_status_text(cairn_status status)
{
    switch (status) {
#define CAIRN_STATUS_CASE(name, number, text)                                                                \
    case CAIRN_##name:                                                                                       \
        return text;
        CAIRN_STATUS_LIST(CAIRN_STATUS_CASE)
#undef CAIRN_STATUS_CASE
    }
    return "unknown status";
}
