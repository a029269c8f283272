package badger

import "context"

// writeFinal writes the heads of the nodes of a job that has ended in their final form.
func (s *Store) writeFinal(job unsettled) error {
	w := &finalWriter{heads: headsOf{job: job.id, place: job.place}}
	for w.next < job.nodes {
		if err := s.readThrough(context.Background(), job.id, w.read); err != nil {
			return err
		}
		if err := s.writeSettled(job, w.rows); err != nil {
			return err
		}
		w.rows = nil
	}
	return nil
}

// finalWriter makes final rows of heads.
type finalWriter struct {
	heads headsOf
	next  int // the index of the next node to look at
	rows  []row
}

// read makes some rows. There is no page.
func (w *finalWriter) read(sn *snapshot) (_ []struct{}, more bool, err error) {
	hs := make([]head, 0, finalPerChunk)
	for end := min(w.heads.nodes, w.next+maxLooked); w.next < end; {
		h, err := w.heads.head(sn, w.next)
		if err != nil {
			return nil, false, err
		}
		w.next++
		if hs = append(hs, *h); len(hs) == finalPerChunk || w.next == w.heads.nodes {
			w.rows = append(w.rows, row{finalKey(w.heads.set, (w.next-1)/finalPerChunk), encodeHeads(hs)})
			hs = hs[:0]
		}
	}
	return nil, w.next < w.heads.nodes && costOf(w.rows) < partSize, nil
}
