// A notebook over HTTP: POST /notes with the text as the body, GET /notes for all of them.
// DATABASE_PATH says where the notes are kept (notes.db), PORT where to listen (3000).
package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	_ "modernc.org/sqlite"
)

type note struct {
	ID        int64  `json:"id"`
	Text      string `json:"text"`
	CreatedAt string `json:"createdAt"`
}

func main() {
	path := cmp.Or(os.Getenv("DATABASE_PATH"), "notes.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)")
	if err == nil {
		_, err = db.Exec(`CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, createdAt TEXT NOT NULL)`)
	}
	if err != nil {
		log.Fatal(err)
	}

	http.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		notes, err := list(r.Context(), db)
		answer(w, http.StatusOK, notes, err)
	})
	http.HandleFunc("POST /notes", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err == nil && strings.TrimSpace(string(text)) == "" {
			http.Error(w, "A note needs a text", http.StatusBadRequest)
			return
		}
		n := note{Text: string(text), CreatedAt: time.Now().UTC().Format(time.RFC3339)}
		if err == nil {
			row := db.QueryRow(`INSERT INTO notes (text, createdAt) VALUES (?, ?) RETURNING id`, n.Text, n.CreatedAt)
			err = row.Scan(&n.ID)
		}
		answer(w, http.StatusCreated, n, err)
	})

	server := &http.Server{Addr: ":" + cmp.Or(os.Getenv("PORT"), "3000")}
	stopping, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	// Requests that have begun are answered, then the database is closed: its last commit is whole.
	closed := make(chan error)
	go func() {
		<-stopping.Done()
		closed <- server.Shutdown(context.Background())
	}()
	log.Printf("Listening on %s, process %d", server.Addr, os.Getpid())
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-closed
	db.Close()
}

func list(ctx context.Context, db *sql.DB) ([]note, error) {
	rows, err := db.QueryContext(ctx, `SELECT id, text, createdAt FROM notes ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	notes := []note{}
	for rows.Next() {
		var n note
		if err := rows.Scan(&n.ID, &n.Text, &n.CreatedAt); err != nil {
			return nil, err
		}
		notes = append(notes, n)
	}
	return notes, rows.Err()
}

func answer(w http.ResponseWriter, status int, body any, err error) {
	if err != nil {
		log.Print(err)
		http.Error(w, "Could not be done", http.StatusInternalServerError)
		return
	}
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
