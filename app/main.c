/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */

int
main(int argc, char **argv)
{
	return argc > 100 && argv != 0;
}
