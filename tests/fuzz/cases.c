/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

const CsFuzzCase cs_fuzz_cases[] = {
	{"json", "a number that fifteen digits round up past the largest", NULL,
	 "[1.7976931348623157e308]"},
	{"json", "the smallest number, and a zero with a sign", NULL, "[4.9e-324,-0,-0.0]"},
	{"json", "one name in two spellings", NULL, "{\"a\":1,\"\\u0061\":2}"},
	{"json", "a string that ends in the middle of an escape", NULL, "[\"\\"},
	{"json", "half a surrogate pair at the end", NULL, "\"\\ud834\\u"},
	{"der", "a length that reaches past the end", "3084ffffffff30", NULL},
	{"der", "a length of indefinite form", "30803080000000000000", NULL},
	{"der", "nothing but nested sequences", "30103010300e300c300a300830063004300230003000",
	 NULL},
	{"der", "an RSA-PSS key with a negative length of salt",
	 "30820156304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a86"
	 "4886f70d010108300d06096086480165030402010500a2030201a40382010f003082010a0282010100c09c70"
	 "3ae73a37b9953299cc73a9fdcd4e5f186e074ecbda2a951cf699d44e5f37416cfe4c2102b87cc8849bdad431"
	 "9642bc25f8ef20e5cb94360c8149bc973a9a32926aaa9f008e09ba10e3c70975471d0bffc9b66cfc1f12562a"
	 "5eef0e52e913ad94c298b5b90dbf26e86366a94eaf9605136616cff309a41aac8270fc9664c92d861ab9b808"
	 "b465bc1961b5c83f34803e811ae2034c18f6393b446a4b028642eb3d3e1b9e3f8370c1cfb7df3514b2895687"
	 "049fffbc580b043bce697c50d7fca3251d51ba3cd9aea2332168bb6c7dafaf01756efbc32fac944927f83ce7"
	 "9900d851d3fd02f22bebcb09ac552836ccdddb5c5b7487c6d98cd13ad35698d1e30203010001",
	 NULL},
	{"store-entry", "PKCS#12's first bytes alone", "3003020103", NULL},
	{"store-entry", "a PEM block that never ends", NULL, "-----BEGIN PRIVATE KEY-----\nMA"},
	{"store-entry", "a PEM block that ends where it begins", NULL,
	 "-----BEGIN -----\n-----END -----\n"},
	{"configuration", "a key without a group", NULL, "url=https://a.example\n"},
	{"configuration", "a list that ends in an escape", NULL,
	 "[stores]\nuser-directories=/a;\\"},
	{"configuration", "a wrong escape, which GLib reports and returns", NULL,
	 "[device]\nname=a\\qb\n"},
	{"configuration", "a wrong escape and then a wrong value", NULL,
	 "[device]\nname=\\q\x01\n"},
	{"configuration", "two wrong escapes, of which GLib warns", NULL, "[device]\nname=\\h\\\n"},
	{"configuration", "a line that GLib quotes: no UTF-8, and orders to a terminal",
	 "ff1b5b324a0a", NULL},
	{"token", "three empty parts", NULL, ".."},
	{"token", "no part at all", NULL, ""},
};
const gsize cs_fuzz_cases_count = G_N_ELEMENTS(cs_fuzz_cases);
