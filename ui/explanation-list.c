/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/explanation-list.h"

#include "ui/words.h"

#include <glib/gi18n-lib.h>

#define MAX_PASSED_OVER 10
#define INDENT_PX	12

/* People may copy any of it. */
static GtkWidget *
add_line(GtkBox *box, const char *text, const char *style)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GtkWidget *label = gtk_label_new(valid);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
	gtk_label_set_selectable(GTK_LABEL(label), TRUE);
	if (style)
		gtk_style_context_add_class(gtk_widget_get_style_context(label), style);
	gtk_widget_show(label);
	gtk_box_pack_start(box, label, FALSE, FALSE, 0);
	return label;
}

static GtkBox *
add_group(GtkBox *box)
{
	GtkWidget *group = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);

	gtk_widget_show(group);
	gtk_box_pack_start(box, group, FALSE, FALSE, 0);
	return GTK_BOX(group);
}

static void
add_certificate(GtkBox *box, const CsCandidate *candidate)
{
	GtkBox *group = add_group(box);
	g_autofree char *from = cs_words_dup_day(candidate->not_before);
	g_autofree char *until = cs_words_dup_day(candidate->not_after);
	/* Translators: two days. */
	g_autofree char *dates = g_strdup_printf(_("Issued %s, valid until %s"), from, until);
	/* Translators: %s is a file's path. */
	g_autofree char *place = g_strdup_printf(candidate->store == CS_STORE_MACHINE
							 ? _("In the machine’s store: %s")
							 : _("In your own store: %s"),
						 candidate->location);
	g_autofree char *fingerprint = g_strdup_printf("SHA-256 %s", candidate->fingerprint);

	gtk_widget_set_margin_start(GTK_WIDGET(group), INDENT_PX);
	add_line(group, candidate->detail, "strong");
	add_line(group, place, NULL);
	add_line(group, dates, NULL);
	add_line(group, fingerprint, "dim-label");
}

static void
add_issuer(GtkBox *box, const CsIssuerExplanation *issuer)
{
	GtkBox *group = add_group(box);

	gtk_box_set_spacing(group, INDENT_PX);
	add_line(group, issuer->subject, "subheading");
	add_line(group, cs_issuer_explanation_get_answer_sentence(issuer), NULL);
	for (guint i = 0; i < issuer->candidates->len; i++)
		add_certificate(group, g_ptr_array_index(issuer->candidates, i));
}

static void
add_passed_over(GtkBox *box, const GPtrArray *passed_over)
{
	GtkBox *group = NULL;
	guint shown = MIN(passed_over->len, MAX_PASSED_OVER);
	g_autofree char *more = NULL;

	if (passed_over->len == 0)
		return;
	group = add_group(box);
	add_line(group, _("Passed Over"), "subheading");
	for (guint i = 0; i < shown; i++) {
		const CsPassedOver *item = g_ptr_array_index(passed_over, i);
		g_autofree char *line = g_strdup_printf("%s: %s", item->location, item->why);

		add_line(group, line, NULL);
	}
	if (passed_over->len == shown)
		return;
	more = g_strdup_printf(g_dngettext(GETTEXT_PACKAGE, "and %u more", "and %u more",
					   passed_over->len - shown),
			       passed_over->len - shown);
	add_line(group, more, "dim-label");
}

static void
add_notes(GtkBox *box, char **notes)
{
	GtkBox *group = NULL;

	if (!notes || !*notes)
		return;
	group = add_group(box);
	add_line(group, _("Notes"), "subheading");
	for (; *notes; notes++)
		add_line(group, *notes, NULL);
}

/**
 * cs_explanation_list_fill:
 * @box: an empty box
 * @explanation: a finished explanation
 *
 * Everything that `countersign explain` prints, but for what the page above says already; of files
 * that were passed over the first ten.
 */
void
cs_explanation_list_fill(GtkBox *box, const CsExplanation *explanation)
{
	g_autofree char *moment = cs_words_dup_moment(explanation->judged_at);
	g_autofree char *judged = g_strdup_printf(
		explanation->by_device_clock
			? _("As it was on %s, by this device’s clock.")
			: _("As it was on %s, by the server’s time, when it was last asked."),
		moment);

	add_line(box, judged, "dim-label");
	if (explanation->issuers->len == 0)
		add_line(box, _("The organisation listed no issuers."), NULL);
	for (guint i = 0; i < explanation->issuers->len; i++)
		add_issuer(box, g_ptr_array_index(explanation->issuers, i));
	add_passed_over(box, explanation->passed_over);
	add_notes(box, explanation->notes);
}
