/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CONF_WORDS_H
#define RELAYWATCH_CONF_WORDS_H

/*
 * The words that lists of the configuration are made of, wherever they come from: shared
 * by conf.c (command line) and conf_file.c. Each function adds one word to a set and
 * returns NULL, or what is wrong with the word.
 */

typedef const char *conf_add_word(void *set, const char *word);

const char *conf_add_net(void *set, const char *word);    /* struct netset */
const char *conf_add_domain(void *set, const char *word); /* struct domain_set */
const char *conf_add_log(void *set, const char *word);    /* unsigned, enum conf_log */

#endif
