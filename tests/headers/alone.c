/* Compiled once for every public header, in C and in C++, with that header alone in front (-include). */
typedef int nothing_else;
